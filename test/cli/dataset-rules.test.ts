import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { configureWithoutSources } from '../../cli/configured.ts';

/** What is said of a configuration with a rule, from the second line of its producers on. */
async function saidOf(rule: string, more = ''): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dataset-rules-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'c.yaml');
  await writeFile(
    file,
    `sink: { kind: local }\nproducers:\n  a:\n    kind: events\n    path: x\n    datasets:\n      table: { ${rule} }\n${more}`,
  );
  return configureWithoutSources(file).then(
    () => 'valid',
    (thrown: Error) => thrown.message.replaceAll(`${file}:`, ''),
  );
}

const place = "parameters: { server: s, database: d, schema: p }, name: '{table}'";
const at = '7: producers.a.datasets.table';

it.each([
  [`type: generic_table, ${place}`, 'valid'],
  ["type: azure_blob_path, path: '{url+}', name: '{whatever}'", 'valid'],
  // Scripts know of each table where it is.
  ['type: generic_table', 'valid'],
  [
    `type: generic_tabel, ${place}`,
    `${at}.type: no producer here declares the type generic_tabel; did you mean generic_table?`,
  ],
  [
    `type: generic_table, ${place.replace("'{table}'", "'{table'")}`,
    `${at}.name: The qualifiedName pattern "{table" has no parameter.`,
  ],
  [
    `type: generic_table, ${place.replace('server', 'sever')}`,
    `${at}: neither name, path nor parameters give {server} of the type generic_table, which has no {sever}`,
  ],
  [
    "type: azure_blob_path, path: '{table}'",
    `${at}: neither name, path nor parameters give {url} of the type azure_blob_path, which has no {table}`,
  ],
])('requireSoundRules() says what no name can come of when a rule is { %s }', async (rule, said) => {
  expect(await saidOf(rule)).toBe(said);
});

it('configure() says what is wrong with all producers when it is with several', async () => {
  const said = await saidOf(
    `type: generic_table, ${place}`,
    '  b: { kind: dbt, path: x }\n  c: { kind: postgre }\n',
  );
  expect(said.split('\n')).toEqual([
    '8: producers.b.server: is missing: expected a text',
    expect.stringMatching(/^9: producers\.c\.kind: there is no producer of kind "postgre"/u),
  ]);
});
