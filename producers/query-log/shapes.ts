/** What the rows of a history look like, and what they say: one function a shape, from a row to what was observed. */
import { type JsonValue, parseJson } from '../../platform/json.ts';
import type { Observation } from '../../platform/statement-history.ts';
import type { NamePart, ObservedFlow } from '../../schemas/types.ts';
import type { Fields } from './fields.ts';

/** One row as an observation, with the id of the query where its source gives one. */
export interface ObservedRow {
  readonly observation: Observation;
  /** Tells rows of overlapping exports apart; null where the source has no such id. */
  readonly queryId: string | null;
}

/** What a shape is read with. */
export interface ShapeOptions {
  readonly searchPath: readonly string[];
  /** Database of rows that name none. */
  readonly database: string | null;
  /** Names of the fields of a log of one's own. */
  readonly fields: {
    readonly statement: string;
    readonly time: string;
    readonly user: string;
    readonly database: string;
    readonly schema: string;
    readonly executions: string;
    readonly id: string;
  };
}

/** Reads one row; undefined for a row that says nothing of a write. Throws SOURCE_INVALID with place and field. */
export type Shape = (fields: Fields, options: ShapeOptions, place: string) => ObservedRow | undefined;

const queryLog: Shape = (fields, { fields: names, searchPath, database }) => {
  const time = fields.time(names.time);
  const schema = fields.text(names.schema);
  return {
    queryId: fields.text(names.id),
    observation: {
      database: fields.text(names.database) ?? database,
      searchPath: schema === null ? searchPath : [schema, ...searchPath.filter((other) => other !== schema)],
      text: fields.required(names.statement),
      user: fields.text(names.user),
      executions: fields.count(names.executions) ?? 1,
      firstSeen: time,
      lastSeen: time,
      flows: null,
    },
  };
};

/**
 * Query Store of SQL Server: columns of sys.query_store_query_text, _query, _plan and _runtime_stats joined, as Microsoft documents them
 * (Transact-SQL reference, "sys.query_store_runtime_stats": the counts of an interval grow until it ends, and belong to plan, execution
 * type and interval).
 */
const queryStore: Shape = (fields, { searchPath, database }) => {
  // Only statements that ended well: 0 is "Regular", 3 and 4 were aborted.
  if ((fields.count('execution_type') ?? 0) !== 0) return undefined;
  const text = fields.required('query_sql_text');
  const interval = fields.required('runtime_stats_interval_id');
  return {
    queryId: null,
    observation: {
      database: fields.text('database_name') ?? database,
      searchPath,
      text: withoutParameters(text),
      user: null,
      executions: {
        key: `${fields.required('plan_id')}/${interval}`,
        epoch: '',
        value: fields.count('count_executions') ?? 0,
      },
      firstSeen: fields.time('first_execution_time'),
      lastSeen: fields.time('last_execution_time'),
      flows: null,
    },
  };
};

/** Query Store puts the parameters of a parameterised statement before it: `(@p0 int,@p1 nvarchar(40))INSERT …`. */
function withoutParameters(text: string): string {
  if (!/^\(\s*@/.test(text)) return text;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')' && --depth === 0) return text.slice(at + 1);
  }
  return text;
}

/** Snowflake's ACCOUNT_USAGE.QUERY_HISTORY (Snowflake documentation, "QUERY_HISTORY view"). */
const queryHistory: Shape = (fields, { searchPath, database }) => {
  const status = fields.text('execution_status');
  if (status !== null && status.toUpperCase() !== 'SUCCESS') return undefined;
  const time = fields.time('start_time');
  const schema = fields.text('schema_name');
  return {
    queryId: fields.required('query_id'),
    observation: {
      database: fields.text('database_name') ?? database,
      searchPath: schema === null ? searchPath : [schema, ...searchPath.filter((other) => other !== schema)],
      text: fields.required('query_text'),
      user: fields.text('user_name'),
      executions: 1,
      firstSeen: time,
      lastSeen: time,
      flows: null,
    },
  };
};

/**
 * Snowflake's ACCOUNT_USAGE.ACCESS_HISTORY (Snowflake documentation, "ACCESS_HISTORY view": the fields of OBJECTS_MODIFIED and
 * DIRECT_OBJECTS_ACCESSED), which has the lineage by column. It has no text: where the export joins QUERY_TEXT of QUERY_HISTORY by query_id, that is
 * the statement; else equal flows are one statement.
 */
const accessHistory: Shape = (fields, { searchPath, database }, place) => {
  const parse = (text: string): JsonValue => parseJson(text, { file: place });
  const flows = accessFlows(
    fields.list('objects_modified', parse) ?? [],
    fields.list('direct_objects_accessed', parse) ?? [],
  );
  if (flows.length === 0) return undefined;
  const time = fields.time('query_start_time');
  const text = fields.text('query_text');
  return {
    queryId: fields.required('query_id'),
    observation: {
      database: fields.text('database_name') ?? database,
      searchPath,
      text: text ?? flowText(flows),
      user: fields.text('user_name'),
      executions: 1,
      firstSeen: time,
      lastSeen: time,
      flows,
      // Without a text, the flows tell statements apart.
      ...(text === null ? { identity: JSON.stringify(flows) } : {}),
    },
  };
};

function accessFlows(
  modified: readonly JsonValue[],
  accessed: readonly JsonValue[],
): readonly ObservedFlow[] {
  const flows = new Map<string, ObservedFlow>();
  const add = (flow: ObservedFlow): void => void flows.set(JSON.stringify(flow), flow);
  for (const object of modified) {
    const target = objectPath(object);
    if (target === undefined) continue;
    for (const column of items(object, 'columns')) {
      const targetColumn = textOf(column, 'columnName');
      for (const from of items(column, 'directSources')) {
        const source = objectPath(from);
        if (source === undefined) continue;
        add({ source, sourceColumn: textOf(from, 'columnName'), target, targetColumn });
      }
    }
    // Sources that give no column, such as a stage that is copied from, and tables that only filter or join.
    for (const from of accessed) {
      const source = objectPath(from);
      if (source !== undefined) add({ source, sourceColumn: null, target, targetColumn: null });
    }
  }
  return [...flows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, flow]) => flow);
}

/** Domains of objects that hold rows. */
const tableDomains =
  /^(?:table|view|materialized view|external table|iceberg table|dynamic table|event table)$/i;

/** `DATABASE.SCHEMA.NAME`, with quotes around names that need them; a stage is a place and no table. */
function objectPath(object: JsonValue): readonly NamePart[] | undefined {
  const domain = textOf(object, 'objectDomain') ?? '';
  const isStage = /^stage$/i.test(domain);
  if (!isStage && !tableDomains.test(domain)) return undefined;
  const names = [...(textOf(object, 'objectName') ?? '').matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
  );
  const levels = ['database', 'schema', isStage ? 'container' : 'table'] as const;
  if (names.length === 0 || names.length > levels.length) return undefined;
  const used = levels.slice(levels.length - names.length);
  return names.map((name, index) => ({ level: used[index] ?? 'table', name }));
}

function items(value: JsonValue, key: string): readonly JsonValue[] {
  const list = value instanceof Map ? value.get(key) : undefined;
  return Array.isArray(list) ? list : [];
}

function textOf(value: JsonValue, key: string): string | null {
  const text: unknown = value instanceof Map ? value.get(key) : undefined;
  return typeof text === 'string' && text !== '' ? text : null;
}

function flowText(flows: readonly ObservedFlow[]): string {
  const name = (path: readonly NamePart[]): string => path.map((part) => part.name).join('.');
  const list = (paths: readonly (readonly NamePart[])[]): string =>
    [...new Set(paths.map(name))].sort().join(', ');
  return `(${list(flows.map(({ source }) => source))}) to (${list(flows.map(({ target }) => target))}); ACCESS_HISTORY has no text`;
}

/** Every shape by the name that the configuration uses, with the dialect and system of its statements. */
export const shapes = {
  'query-log': { read: queryLog, dialect: undefined, system: undefined, schemas: [] },
  'sqlserver-query-store': { read: queryStore, dialect: 'tsql', system: 'sqlserver', schemas: ['dbo'] },
  'snowflake-query-history': {
    read: queryHistory,
    dialect: 'snowflake',
    system: 'snowflake',
    schemas: ['PUBLIC'],
  },
  'snowflake-access-history': {
    read: accessHistory,
    dialect: 'snowflake',
    system: 'snowflake',
    schemas: ['PUBLIC'],
  },
} as const satisfies Record<
  string,
  {
    readonly read: Shape;
    readonly dialect: string | undefined;
    readonly system: string | undefined;
    readonly schemas: readonly string[];
  }
>;

/** The name of a shape. */
export type ShapeName = keyof typeof shapes;
