import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type { Rejection } from '../../pipeline/producer.ts';
import { type JsonValue, parseJson } from '../../platform/json.ts';
import { withoutSecrets } from '../../platform/redact.ts';

const text = z.string().nullish();

/** A model, snapshot, seed or source: what is read of it in every version of the manifest (https://schemas.getdbt.com). */
const nodeSchema = z.looseObject({
  resource_type: z.enum(['model', 'snapshot', 'seed', 'source']),
  name: z.string().min(1),
  database: text,
  schema: z.string().min(1),
  alias: text,
  identifier: text,
  relation_name: text,
  description: text,
  original_file_path: text,
  language: z.string().optional(),
  compiled_code: text,
  compiled_sql: text,
  config: z.looseObject({ materialized: text }).default({}),
  columns: z
    .record(z.string(), z.looseObject({ name: z.string().min(1), data_type: text, description: text }))
    .default({}),
});

/** See {@link nodeSchema}. */
export type Node = z.output<typeof nodeSchema>;

const manifestSchema = z.looseObject({
  metadata: z.looseObject({
    dbt_schema_version: z.string().regex(/\/dbt\/manifest\//, 'is not that of a manifest'),
    adapter_type: text,
  }),
  nodes: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.unknown()).default({}),
});

/** What of a manifest is read. */
export interface Manifest {
  /** The kind of database, in dbt's word. */
  readonly adapter: string;
  /** Tables, views and what is neither (ephemeral models), by their unique ids. */
  readonly nodes: ReadonlyMap<string, Node>;
  readonly wrong: readonly Rejection[];
}

/** Reads a manifest; a node that is not as it should be is among `wrong`. Throws SOURCE_INVALID with file and field. */
export function readManifest(json: string, file: string): Manifest {
  const manifest = manifestSchema.safeParse(plain(parseJson(json, { file })));
  if (!manifest.success) throw invalid(manifest.error, file);
  const { metadata, nodes: others, sources } = manifest.data;
  const nodes = new Map<string, Node>();
  const wrong: Rejection[] = [];
  for (const [id, value] of Object.entries({ ...others, ...sources })) {
    // Tests, analyses and hooks have no table of their own.
    if (!/^(?:model|snapshot|seed|source)\./.test(id)) continue;
    const node = nodeSchema.safeParse(value);
    if (node.success) nodes.set(id, node.data);
    else {
      const bytes = Buffer.from(JSON.stringify(withoutSecrets(value)));
      wrong.push({ objectId: id, error: invalid(node.error, `${file}: ${id}`), bytes });
    }
  }
  return { adapter: metadata.adapter_type ?? '', nodes, wrong };
}

function invalid({ issues: [issue] }: z.ZodError, place: string): StreamError {
  const field = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  return new StreamError('SOURCE_INVALID', `${place}: ${field}.`, {
    advice: 'It is to be the manifest.json that dbt 1.0 or newer writes.',
  });
}

function plain(value: JsonValue): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]: [string, JsonValue]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}
