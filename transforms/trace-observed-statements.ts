/**
 * Statements that a database has run become processes with lineage, apart from what code declares: where the source itself recorded what flowed
 * where, by that; else by reading the text. A statement that writes nothing from something has no process.
 */
import { processEntity } from '../pipeline/process.ts';
import { observedStatement } from '../pipeline/history-types.ts';
import {
  type Derivation,
  deriving,
  type DerivedEntity,
  type ObjectRawEvent,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type {
  EntityRef,
  NamePart,
  ObservedFlow,
  ObservedStatement,
  TypedEvent,
  Warning,
} from '../schemas/types.ts';
import { type NamedColumnEdge, type SqlAsset, SqlAssets } from './sql-assets.ts';
import { analyzeSql } from './sql/analyze.ts';

/** What a statement does, in names. */
interface Observed {
  readonly kind: string;
  readonly tableEdges: readonly (readonly [source: string, target: string])[];
  readonly columnEdges: readonly NamedColumnEdge[];
  readonly warnings: readonly Warning[];
  readonly confidence: number;
}

/** The transform: observed statements → processes. */
export const traceObservedStatements: TransformFactory = (context) =>
  deriving((event) => (event.type === 'observed-statement' ? derive(context, event) : undefined));

function derive(
  context: TransformContext,
  event: TypedEvent<'observed-statement'> & ObjectRawEvent,
): Derivation {
  const statement = event.value;
  const levelName = (level: NamePart['level']): string | undefined =>
    statement.path.find((part) => part.level === level)?.name;
  const server = levelName('server') ?? statement.producer;
  const schema = levelName('schema');
  const assets = new SqlAssets(context, {
    producer: statement.producer,
    location: statement.objectId,
    server,
    database: levelName('database') ?? null,
    searchPath: schema === undefined ? statement.searchPath : [schema, ...statement.searchPath],
  });
  const lineage = statement.flows === null ? ofText(statement, assets) : ofFlows(statement.flows, assets);
  const used = assetsOf(lineage.tableEdges, assets);
  const warnings = [...statement.warnings, ...lineage.warnings];
  if (used.inputs.length === 0 || used.outputs.length === 0)
    return { event, changes: [], known: [], warnings };
  const columns = assets.edges(lineage.columnEdges);
  const all = [...warnings, ...columns.warnings, ...used.warnings];
  const process = processEntity({
    typeName: observedStatement.name,
    qualifiedName: context.naming.build(observedStatement.name, { server, statement: statement.objectId }),
    name: nameOf(lineage.kind, used.outputs),
    inputs: used.inputs,
    outputs: used.outputs,
    edges: columns.edges,
    warnings: all,
    attributes: {
      statement: statement.text,
      system: statement.system,
      users: statement.users,
      executions: statement.executions,
      firstSeen: statement.firstSeen,
      lastSeen: statement.lastSeen,
      confidence: lineage.confidence,
    },
  });
  return {
    event,
    changes: [{ entities: [process], complete: [], placeholder: false }, ...used.placeholders],
    known: [],
    warnings: all,
  };
}

/** Reads the text: once for its tables, and again with their columns where they are known. */
function ofText(statement: ObservedStatement, assets: SqlAssets): Observed {
  // A statement that was cut may say the contrary of what its beginning says.
  if (statement.warnings.some(({ code }) => code === 'statement-cut')) return nothing;
  const { dialect } = statement;
  const first = analyzeSql(statement.text, { dialect });
  const catalog = assets.catalog([...first.reads, ...first.writes]);
  const lineage = catalog.size === 0 ? first : analyzeSql(statement.text, { dialect, catalog });
  const columnEdges = lineage.columnEdges.flatMap(
    ({ sourceTable, sourceColumn, targetTable, targetColumn }) =>
      sourceTable === null || targetTable === null
        ? []
        : [{ sourceTable, sourceColumn, targetTable, targetColumn }],
  );
  const warnings = lineage.reasons.map(
    ({ code, text, line }): Warning => ({ code, location: `${statement.objectId}:${line}`, message: text }),
  );
  // A statement of which nothing flows anywhere is no gap in the lineage, whatever could not be read of it.
  if (lineage.tableEdges.length === 0 && !warnings.some(({ code }) => code === 'not-understood'))
    return nothing;
  return {
    kind: lineage.statements.find((one) => one.writes.length > 0)?.kind ?? 'statement',
    tableEdges: lineage.tableEdges,
    columnEdges,
    warnings,
    confidence: lineage.confidence,
  };
}

function ofFlows(flows: readonly ObservedFlow[], assets: SqlAssets): Observed {
  const tableEdges: (readonly [string, string])[] = [];
  const columnEdges: NamedColumnEdge[] = [];
  for (const { source, sourceColumn, target, targetColumn } of flows) {
    const sourceTable = assets.define(source);
    const targetTable = assets.define(target);
    if (sourceTable !== targetTable) tableEdges.push([sourceTable, targetTable]);
    if (sourceColumn !== null && targetColumn !== null)
      columnEdges.push({ sourceTable, sourceColumn, targetTable, targetColumn });
  }
  return { kind: 'write', tableEdges, columnEdges, warnings: [], confidence: 1 };
}

const nothing: Observed = { kind: 'statement', tableEdges: [], columnEdges: [], warnings: [], confidence: 1 };

/** Both ends of the edges as assets; an edge of which one end is no asset counts for nothing. */
function assetsOf(edges: Observed['tableEdges'], assets: SqlAssets) {
  const inputs: EntityRef[] = [];
  const outputs: EntityRef[] = [];
  const used = new Set<SqlAsset>();
  for (const [from, to] of edges) {
    const source = assets.find(from);
    const target = assets.find(to);
    if (source === undefined || target === undefined) continue;
    inputs.push(source.ref);
    outputs.push(target.ref);
    used.add(source).add(target);
  }
  const placeholders = new Map<string, DerivedEntity>();
  for (const { ref, placeholder } of used) {
    if (placeholder !== undefined) placeholders.set(`${ref.typeName} ${ref.qualifiedName}`, placeholder);
  }
  return {
    inputs,
    outputs,
    placeholders: [...placeholders]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, placeholder]) => placeholder),
    warnings: [...used].flatMap(({ warnings }) => warnings),
  };
}

/** A name for people: what it does, and to what. */
function nameOf(kind: string, outputs: readonly EntityRef[]): string {
  const targets = new Set(
    outputs.map(({ qualifiedName }) => qualifiedName.slice(qualifiedName.lastIndexOf('/') + 1)),
  );
  return `${kind} ${[...targets].sort().join(', ')}`.slice(0, 200);
}
