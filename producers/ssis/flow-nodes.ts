/** A data flow as steps of a job: each column that a step hands on has a name that is its own, and the columns of the steps before it that it is made from. */
import { StreamError } from '../../pipeline/errors.ts';
import type { ColumnMapping, JobNode, Warning } from '../../schemas/types.ts';
import { replacementOf, sourcesOf } from './column-refs.ts';
import { type ComponentData, dataOf, type FlowContext } from './component-data.ts';
import type { Flow, FlowColumn, FlowComponent, FlowPort } from './pipeline.ts';

/** Mappings of columns of one package: far more than a package that people draw. */
const maxMappings = 500_000;
const longestChain = 500;

/** What a data flow comes to. */
export interface FlowNodes {
  readonly nodes: readonly JobNode[];
  readonly warnings: readonly Warning[];
}

/** Makes the steps of a data flow. Throws SOURCE_INVALID when components feed each other in a circle, SOURCE_LIMIT for what is out of all measure. */
export function flowNodes(flow: Flow, context: FlowContext): FlowNodes {
  return new FlowReader(flow, context).read();
}

/** What a component hands on: by lineage id, the name at its step. */
interface HandedOn {
  readonly node: string;
  readonly names: ReadonlyMap<string, string>;
}

class FlowReader {
  readonly #flow: Flow;
  readonly #context: FlowContext;
  readonly #warnings: Warning[] = [];
  readonly #owners = new Map<string, FlowComponent>();
  readonly #ids = new Map<FlowComponent, string>();
  /** Columns that something further on takes: only these are handed on. */
  readonly #taken: ReadonlySet<string>;
  readonly #done = new Map<FlowComponent, HandedOn>();
  readonly #open = new Set<FlowComponent>();
  readonly #nodes: JobNode[] = [];
  #mappings = 0;

  constructor(flow: Flow, context: FlowContext) {
    this.#flow = flow;
    this.#context = context;
    const used = new Set<string>();
    for (const component of flow.components) {
      for (const output of component.outputs) this.#owners.set(output.id, component);
      const name = `${context.task}/${component.name}`;
      const id = used.has(name) ? `${name} (line ${component.line})` : name;
      used.add(id);
      this.#ids.set(component, id);
    }
    this.#taken = new Set(
      flow.components.flatMap(({ inputs }) =>
        inputs.flatMap(({ columns }) => columns.map((one) => one.lineageId)),
      ),
    );
  }

  read(): FlowNodes {
    for (const component of this.#flow.components) this.#visit(component);
    return { nodes: this.#nodes, warnings: this.#warnings };
  }

  #visit(component: FlowComponent): HandedOn {
    const done = this.#done.get(component);
    if (done !== undefined) return done;
    if (this.#open.has(component)) throw this.#circle(component);
    if (this.#open.size >= longestChain)
      throw new StreamError(
        'SOURCE_LIMIT',
        `${this.#context.file}:${component.line}: more than ${longestChain} components stand one behind the other.`,
      );
    this.#open.add(component);
    const before = new Map(component.inputs.map((input) => [input.id, this.#before(input)]));
    const data = dataOf(component, this.#context, (code, message) => this.#warn(code, component, message));
    const columns =
      data.kind === 'writes' ? this.#written(component, before) : this.#given(component, before, data);
    const node = this.#idOf(component);
    this.#nodes.push({
      id: node,
      kind: kindOf(component, data),
      line: component.line,
      inputs: data.kind === 'reads' && data.dataset !== undefined ? [data.dataset] : [],
      columns: columns.mappings,
      output: data.kind === 'writes' ? (data.dataset ?? null) : null,
      dependsOn: [...new Set([...before.values()].flat().map((one) => one.node))],
      query: data.kind === 'reads' ? (data.query ?? null) : null,
    });
    const handed = { node, names: columns.names };
    this.#open.delete(component);
    this.#done.set(component, handed);
    return handed;
  }

  /** What the components before an input hand on. */
  #before(input: FlowPort): readonly HandedOn[] {
    return this.#flow.paths.flatMap(({ from, to }) => {
      const owner = to === input.id ? this.#owners.get(from) : undefined;
      return owner === undefined ? [] : [this.#visit(owner)];
    });
  }

  /** The columns of a destination, by the names that they have there. */
  #written(component: FlowComponent, before: Before): Columns {
    const mappings = component.inputs.flatMap((input) =>
      input.columns.flatMap((column): readonly ColumnMapping[] => {
        const target = column.externalId === undefined ? undefined : input.external.get(column.externalId);
        if (target === undefined) return [];
        return [this.#mapping(this.#named([column.lineageId], before), target, column.line)];
      }),
    );
    return { mappings, names: new Map() };
  }

  /** The columns that a component hands on: those of rows that it passes, and its own. */
  #given(component: FlowComponent, before: Before, data: ComponentData): Columns {
    const names = new Map<string, string>();
    const used = new Set<string>();
    const mappings: ColumnMapping[] = [];
    const add = (
      lineageId: string,
      name: string,
      of: { readonly sources: readonly string[]; readonly line: number },
    ): void => {
      if (names.has(lineageId) || !this.#taken.has(lineageId)) return;
      const target = uniqueName(name, used);
      names.set(lineageId, target);
      mappings.push(this.#mapping(of.sources, target, of.line));
    };
    for (const output of component.outputs) {
      const passed = output.synchronousTo === undefined ? [] : (before.get(output.synchronousTo) ?? []);
      const input = component.inputs.find(({ id }) => id === output.synchronousTo);
      const replaced = new Map(
        (input?.columns ?? [])
          .filter(({ isWritten }) => isWritten)
          .map((one) => [
            one.lineageId,
            [...this.#named(replacementOf(component, one), before), ...lookedUp(one, data)],
          ]),
      );
      for (const { names: handed, node } of passed) {
        for (const [lineageId, name] of handed) {
          const made = replaced.get(lineageId) ?? [];
          const sources = made.length === 0 ? [`${node}.${name}`] : made;
          add(lineageId, name, { sources, line: component.line });
        }
      }
      for (const column of output.columns) {
        const sources = column.isSpecial
          ? []
          : [...this.#named(sourcesOf(component, column), before), ...outside(output, column, data)];
        add(column.lineageId, column.name, { sources, line: column.line });
      }
    }
    return { mappings, names };
  }

  /** Columns by the names that the steps before give them. */
  #named(lineageIds: readonly string[], before: Before): readonly string[] {
    const names = lineageIds.flatMap((lineageId) =>
      [...before.values()].flat().flatMap(({ node, names }) => {
        const name = names.get(lineageId);
        return name === undefined ? [] : [`${node}.${name}`];
      }),
    );
    return [...new Set(names)];
  }

  #mapping(sources: readonly string[], target: string, line: number): ColumnMapping {
    this.#mappings += 1;
    if (this.#mappings > maxMappings)
      throw new StreamError(
        'SOURCE_LIMIT',
        `${this.#context.file} hands on more than ${maxMappings} columns.`,
      );
    return { sources, target, line };
  }

  #idOf(component: FlowComponent): string {
    return this.#ids.get(component) ?? component.name;
  }

  #circle({ name, line }: FlowComponent): StreamError {
    return new StreamError(
      'SOURCE_INVALID',
      `${this.#context.file}:${line}: the component ${name} feeds itself.`,
    );
  }

  #warn(code: string, { name, line }: FlowComponent, message: string): void {
    this.#warnings.push({ code, location: `${this.#context.file}:${line}`, message: `${name}: ${message}` });
  }
}

type Before = ReadonlyMap<string, readonly HandedOn[]>;

interface Columns {
  readonly mappings: readonly ColumnMapping[];
  readonly names: ReadonlyMap<string, string>;
}

/** The column outside that a column of a source or a lookup holds. */
function outside(output: FlowPort, column: FlowColumn, data: ComponentData): readonly string[] {
  const label = labelOf(data);
  if (label === undefined || data.kind !== 'reads') return [];
  if (data.isLookup) return lookedUp(column, data);
  const external = column.externalId === undefined ? undefined : output.external.get(column.externalId);
  return [`${label}.${external ?? column.name}`];
}

/** The column of the reference table that a lookup copies into a column. */
function lookedUp(column: FlowColumn, data: ComponentData): readonly string[] {
  const label = labelOf(data);
  const name = column.properties.find((property) => property.name === 'CopyFromReferenceColumn')?.value ?? '';
  return label === undefined || name === '' ? [] : [`${label}.${name}`];
}

/** What the columns of the data outside are qualified with. */
function labelOf(data: ComponentData): string | undefined {
  if (data.kind !== 'reads') return undefined;
  return data.query === undefined ? data.dataset?.name : 'query';
}

function uniqueName(name: string, used: Set<string>): string {
  const base = name === '' ? 'column' : name;
  let unique = base;
  for (let n = 2; used.has(unique.toLowerCase()); n += 1) unique = `${base} (${n})`;
  used.add(unique.toLowerCase());
  return unique;
}

/** `Microsoft.DerivedColumn` → `DerivedColumn`; packages of 2008 only have a number. */
function kindOf({ classId }: FlowComponent, data: ComponentData): string {
  const name = /^(?:Microsoft|DTSTransform|DTSAdapter)\.([A-Za-z]+)/.exec(classId)?.[1];
  return (
    name ??
    (data.kind === 'writes'
      ? 'destination'
      : data.kind === 'reads' && !data.isLookup
        ? 'source'
        : 'transformation')
  );
}
