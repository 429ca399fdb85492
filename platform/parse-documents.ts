import { type JsonValue, parseJson } from './json.ts';
import { decodeText } from './read-file.ts';
import { withoutSecrets } from './redact.ts';
import { xmlJson } from './xml-json.ts';
import { parseXml, xmlEncoding } from './xml.ts';
import { parseYamlDocuments } from './yaml-documents.ts';

/** Forms of documents that become plain JSON. */
export const documentFormats = ['xml', 'json', 'yaml'] as const;
/** See {@link documentFormats}. */
export type DocumentFormat = (typeof documentFormats)[number];

/** The form that a file's name tells; undefined for another. */
export function formatOfName(file: string): DocumentFormat | undefined {
  const [, end] = /\.(xml|json|ya?ml)$/i.exec(file) ?? [];
  if (end === undefined) return undefined;
  const lower = end.toLowerCase();
  return lower === 'xml' || lower === 'json' ? lower : 'yaml';
}

/**
 * The documents of a file as plain JSON without secrets: one, of YAML as many as it has. XML becomes what `xmlJson` says, with the root element under its name.
 * Rejects with SOURCE_INVALID or SOURCE_LIMIT, with file and line.
 */
export async function parseDocuments(
  bytes: Uint8Array,
  { file, format }: { readonly file: string; readonly format: DocumentFormat },
): Promise<readonly unknown[]> {
  if (format === 'xml') {
    const root = parseXml(decodeText(bytes, file, xmlEncoding(bytes)), { file });
    return [withoutSecrets(Object.fromEntries([[root.name, xmlJson(root)]]))];
  }
  const text = decodeText(bytes, file);
  const documents =
    format === 'json' ? [plainJson(parseJson(text, { file }))] : await parseYamlDocuments({ text, file });
  return documents.map(withoutSecrets);
}

/** Maps as objects. */
function plainJson(value: JsonValue): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]: [string, JsonValue]) => [key, plainJson(item)]));
  return Array.isArray(value) ? value.map(plainJson) : value;
}
