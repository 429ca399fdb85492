import type { Connection } from './connections.ts';

const part = /\s*(?:\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|`([^`]*)`|([^.[\]"`]+))\s*(\.|$)/y;

/** Splits `[db].[schema].[table]` and its like; undefined for what is no name. */
function splitTableName(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  if (text.length > 1_000) return undefined;
  for (let at = 0; at < text.length; ) {
    if (text[at] === '.') {
      parts.push('');
      at += 1;
      continue;
    }
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null || parts.length > 4) return undefined;
    const [, bracketed, double, tick, plain] = found;
    parts.push(
      bracketed?.replaceAll(']]', ']') ?? double?.replaceAll('""', '"') ?? tick ?? plain?.trim() ?? '',
    );
    at = part.lastIndex;
  }
  return parts.at(-1) === undefined || parts.at(-1) === '' ? undefined : parts;
}

/** A table as the option `datasets` reads it: `SERVER/DATABASE/SCHEMA/TABLE`; undefined for what is no name. */
export function tableName(text: string, connection: Connection): string | undefined {
  const parts = splitTableName(text.trim());
  if (parts === undefined) return undefined;
  const [table = '', schema, database] = [...parts].reverse();
  const or = (given: string | undefined, own: string): string =>
    given === undefined || given === '' ? own : given;
  return [connection.server, or(database, connection.database), or(schema, connection.schema), table].join(
    '/',
  );
}
