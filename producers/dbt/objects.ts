import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject } from '../../pipeline/producer.ts';
import { readRawObject } from '../../platform/raw-object.ts';
import type { NamePart } from '../../schemas/types.ts';
import type { Manifest, Node } from './manifest.ts';

/** What the nodes of a manifest are told with. */
export interface Project extends Pick<Manifest, 'adapter' | 'nodes'> {
  /** The manifest, for errors. */
  readonly file: string;
  readonly server: string;
  readonly database?: string | undefined;
  readonly sequence: number;
  /** Whether tables and views are described, too. */
  readonly describes: boolean;
}

/**
 * What a node says: its table or view with all above it, where these are described, and of a model the code that makes
 * it. Throws SOURCE_INVALID where something of that is missing.
 */
export function* objectsOf(project: Project, id: string, node: Node): Generator<FoundObject> {
  if (node.config.materialized === 'ephemeral') return; // dbt has put its SQL into the models that read it
  const found = (type: FoundObject['type'], objectId: string, fields: object): FoundObject =>
    readRawObject(
      { type, objectId, sequence: project.sequence, fields: { ...fields } },
      `${project.file}: ${id}`,
    );
  const system = project.adapter;
  const schema = schemaOf(project, id, node);
  const description = node.description || null;
  if (project.describes) {
    for (const index of schema.keys()) {
      const path = schema.slice(0, index + 1);
      yield found('database-object', JSON.stringify(path.map(({ name }) => name)), { system, path });
    }
    const level = node.config.materialized === 'view' ? 'view' : 'table';
    const path = [...schema, { level, name: tableName(node) }];
    yield found('database-object', `${id}@table`, { system, path, description, columns: columnsOf(node) });
  }
  if (node.resource_type === 'seed' || node.resource_type === 'source') return;
  const path = [...schema, { level: 'routine', name: id }];
  const file = node.original_file_path ?? null;
  const { language = 'sql' } = node;
  const text = language === 'sql' ? statementOf(project, id, node) : (node.compiled_code ?? '');
  yield found('routine', id, { system, path, kind: 'SCRIPT', language, text, description, file });
}

/** The SQL that dbt runs, in principle; on the line of the compiled SQL, so that warnings name its lines. */
function statementOf({ file }: Project, id: string, node: Node): string {
  const query = node.compiled_code ?? node.compiled_sql;
  if (query && node.relation_name) return `create view ${node.relation_name} as ${query}`;
  throw new StreamError('SOURCE_INVALID', `${file}: ${id} has no compiled_code.`, {
    advice: 'Run dbt compile without --select: dbt writes the compiled SQL only of what it has run.',
  });
}

function schemaOf({ file, server, ...given }: Project, id: string, node: Node): readonly NamePart[] {
  const database = node.database ?? given.database;
  if (database === undefined)
    throw new StreamError('SOURCE_INVALID', `${file}: ${id} names no database.`, {
      advice: 'Set the option database.',
    });
  return [
    { level: 'server', name: server },
    { level: 'database', name: database },
    { level: 'schema', name: node.schema },
  ];
}

function tableName({ name, alias, identifier }: Node): string {
  return alias ?? identifier ?? name;
}

/** Those that the project documents; null where it documents none. */
function columnsOf(node: Node): readonly object[] | null {
  const columns = Object.values(node.columns).map(({ name, data_type, description }, index) => ({
    name,
    ordinal: index + 1,
    dataType: data_type ?? '',
    description: description || null,
  }));
  return columns.length === 0 ? null : columns;
}
