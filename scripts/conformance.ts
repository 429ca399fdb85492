/** `npm run conformance`: how far the local catalogue answers like a real Apache Atlas. See docs/conformance.md. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCatalog } from '../catalog/open-catalog.ts';
import { type CaseResult, replay } from './conformance-replay.ts';

const usage = `Usage: npm run conformance -- [options]

Replays recorded requests against the local catalogue, in a temporary folder, and
counts the answers that agree with those of a real Apache Atlas 2.4.0.

  --recordings FILE   default ../shared/infra/atlas/recordings.json
  --base URL          another server instead of the local catalogue
  --json              the counts and differences as JSON
  --verbose           list the differences by case
  --help

Example: npm run conformance -- --verbose
`;

interface GroupCount {
  readonly group: string;
  readonly agreed: number;
  readonly differs: number;
}

function countByGroup(results: readonly CaseResult[]): GroupCount[] {
  const groups = [...new Set(results.map((result) => result.group))];
  return groups.map((group) => {
    const own = results.filter((result) => result.group === group);
    const agreed = own.filter((result) => result.differences.length === 0).length;
    return { group, agreed, differs: own.length - agreed };
  });
}

function tableOf(counts: readonly GroupCount[]): string {
  const total = {
    group: 'all',
    agreed: counts.reduce((sum, count) => sum + count.agreed, 0),
    differs: counts.reduce((sum, count) => sum + count.differs, 0),
  };
  const line = (group: string, agreed: string, differs: string): string =>
    `${group.padEnd(10)}${agreed.padStart(8)}${differs.padStart(9)}`;
  const rows = [...counts, total].map((row) => line(row.group, String(row.agreed), String(row.differs)));
  return [line('group', 'agreed', 'differs'), ...rows].join('\n');
}

async function replayLocally(recordings: string): Promise<CaseResult[]> {
  const path = mkdtempSync(join(tmpdir(), 'conformance-'));
  const catalog = await openCatalog({ path, port: 0 });
  try {
    return await replay(recordings, catalog.url);
  } finally {
    await catalog.close();
    rmSync(path, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      recordings: { type: 'string' },
      base: { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const file =
    values.recordings ?? fileURLToPath(new URL('../../shared/infra/atlas/recordings.json', import.meta.url));
  if (!existsSync(file)) {
    process.stderr.write(`There are no recordings at ${file}. Name a file with --recordings.\n`);
    return 2;
  }
  const recordings = readFileSync(file, 'utf8');
  const results =
    values.base === undefined ? await replayLocally(recordings) : await replay(recordings, values.base);
  const counts = countByGroup(results);
  const differing = results.filter((result) => result.differences.length > 0);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ groups: counts, differing }, undefined, 2)}\n`);
    return 0;
  }
  if (values.verbose) {
    for (const { id, note, differences } of differing) {
      process.stdout.write(`${id} (${note})\n${differences.map((text) => `    ${text}\n`).join('')}`);
    }
  }
  process.stdout.write(`${tableOf(counts)}\n`);
  return 0;
}

process.exitCode = await main();
