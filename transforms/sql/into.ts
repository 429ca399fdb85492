/** SELECT … INTO: a table, a file, or variables. */
import { clauseEnd } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { Name, Select } from './ir.ts';
import { locationName } from './names.ts';
import { words } from './words.ts';

const intoModifiers = words('TABLE TEMP TEMPORARY UNLOGGED STRICT LOCAL GLOBAL OUTFILE DUMPFILE');

/** Reads the clause at the cursor. */
export function readInto(cursor: Cursor, end: number): Pick<Select, 'into' | 'intoTemporary'> {
  if (cursor.is('BULK')) cursor.at += 2;
  cursor.at++;
  const temporary = cursor.is('TEMP', 'TEMPORARY', 'LOCAL', 'GLOBAL');
  cursor.skipWords(intoModifiers);
  const names: Name[] = [];
  const location = cursor.token(cursor.at);
  if (location.kind === 'string') {
    names.push(locationName(location.text));
    cursor.at++;
  }
  for (;;) {
    // `:new.id`
    const isHost = cursor.symbol(cursor.at, ':');
    if (isHost) cursor.at++;
    const name = cursor.name(end);
    if (name === undefined) break;
    names.push(isHost ? [name.join('.')] : name);
    if (cursor.dialect.name === 'oracle') cursor.skipGroup(end);
    if (!cursor.symbol(cursor.at, ',')) break;
    cursor.at++;
  }
  cursor.at = clauseEnd(cursor, cursor.at, end);
  return { into: names, intoTemporary: temporary };
}
