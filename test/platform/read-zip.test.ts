import { describe, expect, it } from 'vitest';
import { readZip } from '../../platform/read-zip.ts';
import { writeZip } from '../../platform/xlsx/write-zip.ts';

const limits = { entries: 3, bytes: 1_000 };
const read = (bytes: Uint8Array, wanted: (name: string) => boolean = () => true) =>
  readZip(bytes, { file: 'a.zip', limits, wanted });

describe('readZip()', () => {
  it('unpacks the files that are wanted', async () => {
    const found = await read(
      writeZip([
        { name: 'a.xml', content: 'A' },
        { name: 'b.bin', content: Buffer.alloc(2_000) },
      ]),
      (name) => name.endsWith('.xml'),
    );
    expect([...found].map(([name, content]) => [name, content.toString()])).toEqual([['a.xml', 'A']]);
  });

  it('refuses what is too much, whatever the archive says of itself', async () => {
    const bomb = writeZip([{ name: 'a', content: Buffer.alloc(1_001) }]);
    await expect(read(bomb)).rejects.toMatchObject({ code: 'SOURCE_LIMIT' });
    // The sizes of the only file, where the central directory has them, say that it is one byte.
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(1, lying.indexOf('PK\u0001\u0002') + 24);
    await expect(read(lying)).rejects.toMatchObject({ code: expect.stringMatching(/^SOURCE_/) });
    const many = writeZip(Array.from({ length: 4 }, (_, n) => ({ name: `f${n}`, content: '' })));
    await expect(read(many)).rejects.toMatchObject({ code: 'SOURCE_LIMIT' });
  });

  it('refuses what is no archive, a file that is there twice, and one that leads outside', async () => {
    const twice = writeZip([
      { name: 'a', content: '1' },
      { name: 'a', content: '2' },
    ]);
    for (const bytes of [Buffer.from('no'), twice, writeZip([{ name: '../a', content: '' }])])
      await expect(read(bytes)).rejects.toMatchObject({
        code: 'SOURCE_INVALID',
        message: expect.stringContaining('a.zip is no zip archive that can be read'),
      });
  });
});
