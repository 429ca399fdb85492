import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = [
  'schemas',
  'pipeline',
  'platform',
  'transports',
  'state',
  'producers',
  'transforms',
  'sinks',
  'catalog',
  'cli',
];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
);

it('every export has a doc comment', () => {
  const silent = files.flatMap((file) => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    return lines.flatMap((line, index) => {
      // A list or a re-export says nothing of its own.
      if (!/^export (?!\{|type \{|\*|type \*)/.test(line)) return [];
      return /\*\/\s*$/.test(lines[index - 1] ?? '') ? [] : [`${file}:${index + 1}: ${line}`];
    });
  });
  expect(silent).toEqual([]);
});

it('only registries are named index.ts', () => {
  const registries = /^(producers|transforms|transports|sinks)[/\\]index\.ts$/;
  expect(files.filter((file) => /(^|[/\\])index\.ts$/.test(file) && !registries.test(file))).toEqual([]);
});

it('no file exports a default, nor switches the rules of types or lint off', () => {
  const wrong = files.filter((file) =>
    /^export default|@ts-(?:ignore|expect-error|nocheck)|(?:oxlint|eslint)-disable/m.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  );
  expect(wrong).toEqual([]);
});

it('all that opens or writes to LMDB goes through `platform/lmdb.ts`, and so through its gate', () => {
  const around =
    /^import (?!type ).*from 'lmdb'|\.(?:openDB|transactionSync|transaction|clearSync|dropSync)[<(]/m;
  const own = /^platform[/\\]lmdb(?:-environment)?\.ts$/;
  const found = files.filter((file) => around.test(readFileSync(join(root, file), 'utf8')));
  expect(found.filter((file) => !own.test(file))).toEqual([]);
  expect(found).toHaveLength(2);
});
