import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sinks } from '../../sinks/index.ts';
import { sinkContract } from '../contracts/sink.ts';
import { deletionOf, shop } from '../support/changes.ts';
import { deliverer, never, sinkHost } from '../support/sink-host.ts';

let folder = '';

const makeFolder = async (): Promise<void> => {
  folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
};
const removeFolder = (): Promise<void> => rm(folder, { recursive: true });
const create = () => sinks.file.create({ path: 'out/changes.ndjson' }, sinkHost({ baseFolder: folder }));

sinkContract('file', {
  remembers: false,
  create: async () => {
    await makeFolder();
    return create();
  },
  cleanUp: removeFolder,
});

describe('file sink', () => {
  beforeEach(makeFolder);
  afterEach(removeFolder);

  const lines = async (): Promise<unknown[]> => {
    const text = await readFile(join(folder, 'out/changes.ndjson'), 'utf8');
    return text.split('\n').flatMap((line): unknown[] => (line === '' ? [] : [JSON.parse(line)]));
  };

  it('deliver() writes what is left of a batch, one change a line, in the order of keys', async () => {
    const sink = create();
    await sink.open(never);
    const [b, a] = [shop('b\n"quoted"'), shop('a')];
    await deliverer(sink)(b, a, shop('a', {}, { sequence: 0 }), deletionOf(shop('c')));
    await sink.close();
    expect(await lines()).toEqual([a, b, deletionOf(shop('c'))]);
  });

  it('deliver() keeps the lines of concurrent batches whole', async () => {
    const sink = create();
    await sink.open(never);
    const shelves = Array.from({ length: 300 }, (_, n) => `${n}`);
    await Promise.all(Array.from({ length: 8 }, (_, n) => deliverer(sink)(shop(`s${n}`, { shelves }))));
    await sink.close();
    expect(await lines()).toHaveLength(8);
  });

  it('open() begins the file anew', async () => {
    for (const name of ['a', 'b']) {
      const sink = create();
      await sink.open(never);
      await deliverer(sink)(shop(name));
      await sink.close();
    }
    expect(await lines()).toEqual([shop('b')]);
  });

  it('open() rejects with CONFIG_INVALID and names the file when it cannot be written', async () => {
    await writeFile(join(folder, 'out'), 'a file where a folder should be');
    await expect(create().open(never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('changes.ndjson'),
    });
  });
});
