import { z } from 'zod';
import { configSchema } from '../pipeline/config.ts';

/** A component as far as the page needs it. */
export interface DocumentedComponent {
  readonly summary: string;
  readonly options: z.ZodObject;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** Writes docs/configuration.md from the descriptions and defaults of the schemas: the page cannot differ from the code. */
export function configurationPage(registries: {
  readonly producers: Readonly<Record<string, DocumentedComponent>>;
  readonly sinks: Readonly<Record<string, DocumentedComponent>>;
}): string {
  const sections = [
    '# Configuration',
    'One YAML file, `purview-streams.yaml` unless `--config` names another. This page is made from the schema by `npm run docs`.',
    'In every text, `${env:NAME}` stands for an environment variable, `${file:PATH}` for the content of a file (without its last line break), and `${keyvault:VAULT/NAME}` for a secret of Azure Key Vault ([secrets.md](secrets.md)). Relative paths start from the folder of the configuration file. An unknown field is an error.',
    '## The file',
    fields(configSchema),
    '## Producers',
    'Options of an entry under `producers`, beside `kind`.',
    ...components(registries.producers),
    '## Sinks',
    'Options of `sink`, beside `kind`.',
    ...components(registries.sinks),
  ];
  return `${sections.join('\n\n')}\n`;
}

function components(registry: Readonly<Record<string, DocumentedComponent>>): readonly string[] {
  return Object.entries(registry).flatMap(([kind, { summary, options }]) => [
    `### \`kind: ${kind}\``,
    summary,
    fields(options),
  ]);
}

function fields(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const rows = rowsOf(json, '');
  if (rows.length === 0) return 'No options.';
  return ['| field | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function rowsOf(schema: JsonSchema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true && field.default === undefined;
    const row = `| \`${path}\` | ${cell(kindOf(field))} | ${required ? '**required**' : defaultOf(field)} | ${cell(field.description ?? '')} |`;
    return [row, ...rowsOf(field, `${path}.`), ...nested(field, path)];
  });
}

function nested(field: JsonSchema, path: string): readonly string[] {
  const inner = typeof field.additionalProperties === 'object' ? field.additionalProperties : undefined;
  return inner === undefined ? [] : rowsOf(inner, `${path}.NAME.`);
}

function kindOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(' or ');
  if (schema.type === 'array')
    return `list of ${schema.items === undefined ? 'values' : kindOf(schema.items)}`;
  if (schema.type === 'object') return schema.properties === undefined ? 'map' : 'section';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

function defaultOf(schema: JsonSchema): string {
  if (schema.default === undefined || schema.properties !== undefined) return '';
  return `\`${JSON.stringify(schema.default)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
