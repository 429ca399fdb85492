import type { FoundObject } from '../../pipeline/producer.ts';
import type { NamePart, Warning } from '../../schemas/types.ts';
import { redactText } from '../redact.ts';
import type { RelationalSource } from './model.ts';
import { pathOf, refOf, routineIdOf } from './paths.ts';
import { blank, placeOf } from './read-results.ts';
import type { RowReader } from './row-reader.ts';

/** Fields of a routine's row beside its levels. */
export const routineFields = ['name', 'arguments', 'kind', 'language', 'text', 'description'] as const;

/** Reads a routine as its event; undefined for one that is not read. */
export function readRoutine(source: RelationalSource, row: RowReader): FoundObject | undefined {
  const place = placeOf(source, row);
  const name = row.name('name');
  const text = row.text('text');
  if (place === undefined || !source.isRead('routine', name)) return undefined;
  const given = row.has('arguments') ? `${name}(${row.text('arguments') ?? ''})` : name;
  const path: readonly NamePart[] = [...pathOf(source, place), { level: 'routine', name: given }];
  const objectId = routineIdOf(path);
  const noText: Warning = {
    code: 'routine-without-text',
    location: objectId,
    message: `The database does not show the text of ${given}: the user lacks the right, or it is encrypted.`,
  };
  return {
    type: 'routine',
    objectId,
    ref: refOf(source, objectId),
    value: {
      system: source.system,
      path,
      kind: /proc/i.test(row.text('kind') ?? '') ? 'PROCEDURE' : 'FUNCTION',
      language: row.text('language')?.toLowerCase() ?? source.language ?? 'sql',
      text: redactText(text ?? ''),
      description: blank(row.text('description')),
      file: null,
      warnings: text === null ? [noText] : [],
      additional: [],
    },
  };
}
