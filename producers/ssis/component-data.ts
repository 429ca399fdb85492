import { redactText, withoutSignature } from '../../platform/redact.ts';
import type { JobQuery, NamePart, TypedName } from '../../schemas/types.ts';
import { accessOf, type Warn } from './access.ts';
import type { Connection, Connections } from './connections.ts';
import type { Scope } from './expressions.ts';
import type { FlowComponent } from './pipeline.ts';
import { tableName } from './table-name.ts';

/** What a data flow is read in. */
export interface FlowContext {
  readonly file: string;
  /** Path of the task in its package, with `/`. */
  readonly task: string;
  readonly scope: Scope;
  readonly connections: Connections;
  /** SQL of a system whose texts are in the option `dialect`. */
  readonly system: string;
}

/** What a component has to do with data outside the flow. */
export type ComponentData =
  | {
      readonly kind: 'reads';
      readonly dataset: TypedName | undefined;
      readonly query: JobQuery | undefined;
      /** It adds columns to rows that come from elsewhere. */
      readonly isLookup: boolean;
    }
  | { readonly kind: 'writes'; readonly dataset: TypedName | undefined }
  | { readonly kind: 'inside' };

/** Properties of the columns of a lookup. */
const referenceNames: ReadonlySet<string> = new Set(['JoinToReferenceColumn', 'CopyFromReferenceColumn']);

/** Tells what a component reads or writes; what cannot be told is a warning. */
export function dataOf(component: FlowComponent, context: FlowContext, warn: Warn): ComponentData {
  const { inputs, outputs } = component;
  const isLookup = [...inputs, ...outputs].some(({ columns }) =>
    columns.some((column) => column.properties.some(({ name }) => referenceNames.has(name))),
  );
  const isSource = inputs.length === 0;
  const isDestination = !isSource && outputs.every(({ isError }) => isError) && !isIdle(component);
  if (isDestination)
    return { kind: 'writes', dataset: outsideOf(component, context, { isDestination, warn }).dataset };
  if (isSource || isLookup)
    return { kind: 'reads', isLookup, ...outsideOf(component, context, { isDestination, warn }) };
  opaque(component, warn);
  return { kind: 'inside' };
}

interface Outside {
  readonly dataset: TypedName | undefined;
  readonly query: JobQuery | undefined;
}

const nothing: Outside = { dataset: undefined, query: undefined };

/** The dataset or the query that a component is about. */
function outsideOf(
  component: FlowComponent,
  context: FlowContext,
  { isDestination, warn }: { readonly isDestination: boolean; readonly warn: Warn },
): Outside {
  const { properties } = component;
  const named = (typeName: string, name: string): Outside => ({
    dataset: { typeName, name: redactText(withoutSignature(name)) },
    query: undefined,
  });
  const connection = context.connections.find(...component.connections);
  const file = connection === undefined ? (properties.get('FileName') ?? '') : '';
  if (file !== '') return named('file', file.replaceAll('\\', '/'));
  if (connection === undefined || connection.kind === 'other') {
    warn(
      'unknown-connection',
      connection === undefined
        ? 'it names no connection manager that is known.'
        : `the connection manager ${connection.name} is of a kind that is not known here.`,
    );
    return nothing;
  }
  if (connection.unresolved.length > 0)
    warn(
      'unresolved-connection',
      `the ${connection.unresolved.join(' and ')} of the connection manager ${connection.name} is only known when it runs; say with the option connections what it is.`,
    );
  if (connection.kind === 'file') return named(connection.dataset, connection.file);
  const { table, sql } = accessOf(properties, context.scope, { isDestination, warn });
  if (sql !== undefined)
    return {
      dataset: undefined,
      query: { text: redactText(sql), system: context.system, path: placeOf(connection) },
    };
  if (table === undefined) return nothing;
  const name = tableName(table, connection);
  if (name === undefined)
    warn('unknown-table', `${JSON.stringify(table.slice(0, 100))} is no name of a table.`);
  return name === undefined ? nothing : named(connection.dataset, name);
}

/** Where the SQL of a connection runs. */
export function placeOf({ server, database, schema }: Connection): readonly NamePart[] {
  return [
    { level: 'server', name: server },
    { level: 'database', name: database },
    { level: 'schema', name: schema },
  ];
}

/** A component that takes rows and keeps none: a row count, a recordset in a variable. */
function isIdle({ inputs, connections, properties }: FlowComponent): boolean {
  return (
    connections.length === 0 &&
    !properties.has('FileName') &&
    inputs.every(({ external }) => external.size === 0)
  );
}

/** Outputs with rows of their own whose columns tell nothing of where they come from: a script. */
function opaque({ outputs, inputs }: FlowComponent, warn: Warn): void {
  const rows = outputs.filter(
    ({ isError, synchronousTo, columns }) => !isError && synchronousTo === undefined && columns.length > 0,
  );
  const tells = [...outputs, ...inputs].some(({ columns }) =>
    columns.some((column) => column.properties.length > 0),
  );
  if (rows.length > 0 && !tells)
    warn('opaque-component', 'the package does not tell what its columns are made from.');
}
