import { StreamError } from '../../pipeline/errors.ts';
import { isNode, listField, numberField, type TreeNode, type TreeValue } from './node-tree.ts';

/** A column of a table or view by its numbers in the catalogue; column 0 is the row as a whole. */
interface Origin {
  readonly relation: number;
  readonly column: number;
  /** True when the value is computed on the way, false when it is handed through. */
  readonly computed: boolean;
}

/** What one output column of a query shows. */
export interface OutputColumn {
  /** Position from 1, which is the view's column number. */
  readonly position: number;
  readonly origins: readonly Origin[];
}

// Kinds of range table entries: RTEKind in PostgreSQL's nodes/parsenodes.h, the same numbers from 13 to 18 (group: 18 only).
const relation = 0;
const subquery = 1;
const join = 2;
const values = 5;
const commonTable = 6;
const group = 9;
/** SubLinkType EXISTS: no value of the sub-query flows. */
const existsLink = 0;
/** SetOperation EXCEPT: the right side only takes rows away. */
const except = 3;

/** Steps that one view may take: nested common tables can multiply without end. */
const maxSteps = 500_000;

/** Queries around an expression, innermost first: `varlevelsup` counts along them. */
type Scopes = readonly [TreeNode, ...TreeNode[]];

/**
 * Follows every output column of a stored query (`pg_rewrite.ev_action` of a view) to the columns of tables and views that its value
 * comes from: through joins and their merged columns, sub-queries, common tables (recursive too), set operations, grouping, values and
 * functions in FROM. What only filters, joins or sorts is not in it. Throws SOURCE_INVALID where the tree is not of the known form and
 * SOURCE_LIMIT where it is too large.
 */
export function queryLineage(tree: TreeValue): readonly OutputColumn[] {
  const query = Array.isArray(tree) ? tree[0] : tree;
  if (!isNode(query, 'QUERY'))
    throw new StreamError('SOURCE_INVALID', 'A stored rule does not hold a query.');
  const tracer = new Tracer();
  return targets(query).map((target) => {
    const position = numberField(target, 'resno');
    return { position, origins: tracer.output([query], position).list() };
  });
}

/** Origins without duplicates; computed wins. */
class Origins {
  readonly #found = new Map<string, Origin>();

  add(origin: Origin): void {
    const key = `${origin.relation}/${origin.column}`;
    const known = this.#found.get(key);
    this.#found.set(key, known === undefined || !known.computed ? origin : known);
  }

  addAll(others: Origins, computed: boolean): void {
    for (const origin of others.#found.values())
      this.add({ ...origin, computed: origin.computed || computed });
  }

  list(): readonly Origin[] {
    return [...this.#found.values()].sort((a, b) => a.relation - b.relation || a.column - b.column);
  }
}

class Tracer {
  /** Finished answers by query and position; only where the query stands in no other scope than its own. */
  readonly #known = new Map<TreeNode, Map<number, Origins>>();
  readonly #open = new Map<TreeNode, Set<number>>();
  /** How often a recursive common table came back to a column that is still open: such answers are not complete. */
  #returns = 0;
  #steps = 0;

  /** Origins of one output column of the innermost query. */
  output(scopes: Scopes, position: number): Origins {
    const [query] = scopes;
    const known = this.#known.get(query)?.get(position);
    if (known !== undefined) return known;
    const open = this.#open.get(query) ?? new Set();
    this.#open.set(query, open);
    if (open.has(position)) {
      this.#returns += 1;
      return new Origins();
    }
    open.add(position);
    const before = this.#returns;
    const found = this.#compute(scopes, position);
    open.delete(position);
    if (this.#returns === before) {
      const answers = this.#known.get(query) ?? new Map<number, Origins>();
      this.#known.set(query, answers.set(position, found));
    }
    return found;
  }

  #compute(scopes: Scopes, position: number): Origins {
    const [query] = scopes;
    const operation = query.fields.get('setOperations');
    if (isNode(operation)) return this.#setOperation(operation, scopes, position);
    const target = targets(query).find((entry) => numberField(entry, 'resno') === position);
    return this.#expression(target?.fields.get('expr') ?? null, scopes);
  }

  #setOperation(operation: TreeNode, scopes: Scopes, position: number): Origins {
    this.#step();
    const origins = new Origins();
    if (operation.label === 'RANGETBLREF') {
      const entry = entryAt(scopes[0], numberField(operation, 'rtindex'));
      origins.addAll(this.#subquery(entry, scopes, position), false);
      return origins;
    }
    const sides = numberField(operation, 'op') === except ? ['larg'] : ['larg', 'rarg'];
    for (const side of sides) {
      const arm = operation.fields.get(side);
      if (isNode(arm)) origins.addAll(this.#setOperation(arm, scopes, position), false);
    }
    return origins;
  }

  /** Origins of a value; a bare column, or one whose type label alone changes, is handed through. */
  #expression(value: TreeValue, scopes: Scopes): Origins {
    if (isNode(value, 'RELABELTYPE')) return this.#expression(value.fields.get('arg') ?? null, scopes);
    if (isNode(value, 'VAR')) return this.#variable(value, scopes);
    const origins = new Origins();
    for (const child of childrenOf(value)) this.#inside(child, scopes, origins);
    return origins;
  }

  /** Adds what a part of a computed value comes from. */
  #inside(value: TreeValue, scopes: Scopes, origins: Origins): void {
    this.#step();
    if (isNode(value, 'VAR')) origins.addAll(this.#variable(value, scopes), true);
    else if (isNode(value, 'QUERY')) {
      const inner: Scopes = [value, ...scopes];
      for (const position of shown(value)) origins.addAll(this.output(inner, position), true);
    } else if (isNode(value, 'SUBLINK') && numberField(value, 'subLinkType') === existsLink) return;
    else for (const child of childrenOf(value)) this.#inside(child, scopes, origins);
  }

  #variable(variable: TreeNode, scopes: Scopes): Origins {
    this.#step();
    const [query, ...outer] = scopes.slice(numberField(variable, 'varlevelsup'));
    if (query === undefined)
      throw new StreamError('SOURCE_INVALID', 'A stored column refers to no query around it.');
    const at: Scopes = [query, ...outer];
    return this.#column(
      entryAt(query, numberField(variable, 'varno')),
      numberField(variable, 'varattno'),
      at,
    );
  }

  /** Origins of a column of a range table entry; column 0 is the whole row. */
  #column(entry: TreeNode, column: number, scopes: Scopes): Origins {
    const kind = numberField(entry, 'rtekind');
    if (kind === relation) {
      const origins = new Origins();
      origins.add({
        relation: numberField(entry, 'relid'),
        column: Math.max(column, 0),
        computed: column <= 0,
      });
      return origins;
    }
    if (kind === subquery) return this.#subquery(entry, scopes, column);
    if (kind === commonTable) return this.#commonTable(entry, scopes, column);
    if (kind === join) return this.#listed(listField(entry, 'joinaliasvars'), column, scopes);
    if (kind === group) return this.#listed(listField(entry, 'groupexprs'), column, scopes);
    const origins = new Origins();
    const sources =
      kind === values
        ? listField(entry, 'values_lists').map((row) =>
            Array.isArray(row) ? (row[column - 1] ?? null) : null,
          )
        : [entry.fields.get('functions') ?? null, entry.fields.get('tablefunc') ?? null];
    for (const source of sources) this.#inside(source, scopes, origins);
    return origins;
  }

  #listed(expressions: readonly TreeValue[], column: number, scopes: Scopes): Origins {
    if (column > 0) return this.#expression(expressions[column - 1] ?? null, scopes);
    const origins = new Origins();
    for (const expression of expressions) this.#inside(expression, scopes, origins);
    return origins;
  }

  #subquery(entry: TreeNode, scopes: Scopes, column: number): Origins {
    const query = entry.fields.get('subquery');
    if (!isNode(query, 'QUERY')) throw new StreamError('SOURCE_INVALID', 'A stored sub-query is no query.');
    return this.#columnOf([query, ...scopes], column);
  }

  #commonTable(entry: TreeNode, scopes: Scopes, column: number): Origins {
    const [owner, ...outer] = scopes.slice(numberField(entry, 'ctelevelsup'));
    const name = entry.fields.get('ctename');
    const table =
      owner &&
      listField(owner, 'cteList').find((item) => isNode(item) && item.fields.get('ctename') === name);
    const query = isNode(table) ? table.fields.get('ctequery') : undefined;
    if (owner === undefined || !isNode(query, 'QUERY')) {
      throw new StreamError(
        'SOURCE_INVALID',
        `A stored query names the common table ${JSON.stringify(name)}, which it lacks.`,
      );
    }
    return this.#columnOf([query, owner, ...outer], column);
  }

  #columnOf(scopes: Scopes, column: number): Origins {
    if (column > 0) return this.output(scopes, column);
    const origins = new Origins();
    for (const position of shown(scopes[0])) origins.addAll(this.output(scopes, position), true);
    return origins;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > maxSteps) {
      throw new StreamError('SOURCE_LIMIT', `A stored query takes more than ${maxSteps} steps to follow.`);
    }
  }
}

/** Output columns of a query; those that only sort or group (`resjunk`) are left out. */
function targets(query: TreeNode): readonly TreeNode[] {
  return listField(query, 'targetList').filter(
    (entry): entry is TreeNode => isNode(entry, 'TARGETENTRY') && entry.fields.get('resjunk') !== 'true',
  );
}

function shown(query: TreeNode): readonly number[] {
  return targets(query).map((target) => numberField(target, 'resno'));
}

/** The entry of the range table that a number names, from 1. */
function entryAt(query: TreeNode, index: number): TreeNode {
  const entry = listField(query, 'rtable')[index - 1];
  if (isNode(entry)) return entry;
  throw new StreamError(
    'SOURCE_INVALID',
    `A stored query refers to entry ${index} of its range table, which it lacks.`,
  );
}

/** The parts that a value is computed from: not what an aggregate filters or sorts its rows by. */
function childrenOf(value: TreeValue): Iterable<TreeValue> {
  if (value === null || typeof value === 'string') return [];
  if (!isNode(value)) return value;
  if (value.label === 'TARGETENTRY' && value.fields.get('resjunk') === 'true') return [];
  if (!value.fields.has('aggfilter')) return value.fields.values();
  return [...value.fields].filter(([name]) => name !== 'aggfilter').map(([, field]) => field);
}
