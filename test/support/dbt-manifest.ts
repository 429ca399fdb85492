/** A manifest as dbt writes it, of what a test needs: https://schemas.getdbt.com/dbt/manifest/v12.json. */

/** A node beside what all have. */
type Fields = Readonly<Record<string, unknown>>;

/** A model of the project `shop`, made from SQL. */
export function model(name: string, compiledCode: string | null, more: Fields = {}): Fields {
  return {
    ...relation('model', name, 'marts', { config: { enabled: true, materialized: 'table' } }),
    raw_code: 'select …',
    language: 'sql',
    compiled: compiledCode !== null,
    compiled_code: compiledCode,
    depends_on: { macros: [], nodes: [] },
    original_file_path: `models/${name}.sql`,
    ...more,
  };
}

/** A table that the project reads. */
export function source(name: string, columns: readonly string[], more: Fields = {}): Fields {
  return relation('source', name, 'erp', {
    source_name: 'erp',
    identifier: name,
    loader: '',
    columns: columnsOf(columns),
    ...more,
  });
}

/** Columns as a project documents them. */
export function columnsOf(names: readonly string[]): Fields {
  return Object.fromEntries(
    names.map((name) => [name, { name, description: `The ${name}.`, meta: {}, data_type: null, tags: [] }]),
  );
}

function relation(kind: string, name: string, schema: string, more: Fields): Fields {
  return {
    unique_id: `${kind}.shop.${name}`,
    resource_type: kind,
    package_name: 'shop',
    database: 'dw',
    schema,
    name,
    ...(kind === 'source' ? {} : { alias: name }),
    description: '',
    columns: {},
    relation_name: `"dw"."${schema}"."${name}"`,
    ...more,
  };
}

/** The text of the file. */
export function manifestOf(nodes: readonly Fields[], metadata: Fields = {}): string {
  const byId = (isSource: boolean) =>
    Object.fromEntries(
      nodes
        .filter((node) => (node['resource_type'] === 'source') === isSource)
        .map((node) => [node['unique_id'], node]),
    );
  return JSON.stringify({
    metadata: {
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      dbt_version: '1.10.0',
      generated_at: '2026-11-25T00:00:00Z',
      project_name: 'shop',
      adapter_type: 'postgres',
      ...metadata,
    },
    nodes: byId(false),
    sources: byId(true),
    macros: {},
    exposures: {},
    parent_map: {},
    child_map: {},
  });
}
