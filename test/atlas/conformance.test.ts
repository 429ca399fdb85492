import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { replay } from '../../scripts/conformance-replay.ts';

const file = fileURLToPath(new URL('../../../shared/infra/atlas/recordings-2.1.0.json', import.meta.url));
const isThere = existsSync(file);
if (!isThere) process.stdout.write('Not run: the recordings of Atlas 2.1.0, because they are not here.\n');

it.runIf(isThere)(
  'startAtlas() starts what answers like the Atlas 2.1.0 that was recorded, but for the base model of 2.4',
  async () => {
    const { url } = inject('atlas');
    const results = await replay(readFileSync(file, 'utf8'), url);
    const differing = results.filter(({ differences }) => differences.length > 0).map(({ id }) => id);
    expect(differing.filter((id) => id !== 'types.get.base.asset')).toEqual([]);
  },
  600_000,
);
