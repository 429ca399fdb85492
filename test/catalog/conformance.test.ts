import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { replay } from '../../scripts/conformance-replay.ts';

const file = fileURLToPath(new URL('../../../shared/infra/atlas/recordings.json', import.meta.url));
const isThere = existsSync(file);
if (!isThere) process.stdout.write('Not run: the conformance replay, because there are no recordings.\n');

/** What is reached; raise it with every rule that is added. See docs/conformance.md. */
const floors: Readonly<Record<string, number>> = {
  types: 97,
  create: 142,
  update: 105,
  read: 29,
  delete: 41,
  lineage: 30,
  rel: 25,
  class: 41,
  label: 10,
  bm: 14,
  search: 17,
  http: 39,
  gl: 29,
  audit: 2,
};

test.runIf(isThere)(
  'replay() agrees with Apache Atlas 2.4.0 at least as far as reached',
  { timeout: 60_000 },
  async () => {
    const path = mkdtempSync(join(tmpdir(), 'conformance-test-'));
    const catalog = await openCatalog({ path, port: 0 });
    try {
      const results = await replay(readFileSync(file, 'utf8'), catalog.url);
      expect(results).toHaveLength(639);
      for (const [group, floor] of Object.entries(floors)) {
        const agreed = results.filter((result) => result.group === group && result.differences.length === 0);
        expect(agreed.length, `cases of ${group} that agree`).toBeGreaterThanOrEqual(floor);
      }
    } finally {
      await catalog.close();
      rmSync(path, { recursive: true, force: true });
    }
  },
);
