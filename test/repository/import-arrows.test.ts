import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What the files of a folder may import, and what they may not: the arrows between the layers. */
const arrows: Readonly<
  Record<string, { readonly may: readonly string[]; readonly mayNot: readonly string[] }>
> = {
  schemas: {
    may: ['pipeline/errors.ts'],
    mayNot: [
      'pipeline/naming.ts',
      'pipeline/delivery/lane.ts',
      'platform/http.ts',
      'state/memory.ts',
      'cli/main.ts',
    ],
  },
  pipeline: {
    may: ['schemas/types.ts'],
    mayNot: [
      'platform/http.ts',
      'transports/memory.ts',
      'producers/index.ts',
      'sinks/index.ts',
      'cli/main.ts',
    ],
  },
  platform: {
    may: ['pipeline/errors.ts', 'schemas/types.ts'],
    mayNot: ['transports/memory.ts', 'state/local.ts', 'catalog/server.ts', 'cli/main.ts'],
  },
  transports: {
    may: ['pipeline/transport.ts', 'platform/http.ts'],
    mayNot: ['state/local.ts', 'producers/index.ts', 'sinks/index.ts', 'cli/main.ts'],
  },
  state: { may: ['pipeline/state.ts', 'platform/x.ts'], mayNot: ['transports/memory.ts', 'sinks/index.ts'] },
  producers: {
    may: ['pipeline/producer.ts', 'platform/http.ts'],
    mayNot: [
      'transforms/index.ts',
      'sinks/index.ts',
      'state/local.ts',
      'transports/memory.ts',
      'cli/main.ts',
    ],
  },
  transforms: {
    may: ['pipeline/transform.ts', 'schemas/types.ts'],
    mayNot: ['platform/http.ts', 'producers/index.ts', 'sinks/index.ts', 'state/local.ts'],
  },
  sinks: {
    may: ['pipeline/sink.ts', 'platform/http.ts'],
    mayNot: [
      'producers/index.ts',
      'transforms/index.ts',
      'catalog/server.ts',
      'state/local.ts',
      'cli/main.ts',
    ],
  },
  catalog: {
    may: ['pipeline/errors.ts', 'pipeline/atlas/wire.ts', 'platform/http.ts'],
    mayNot: ['pipeline/naming.ts', 'pipeline/delivery/lane.ts', 'sinks/index.ts', 'cli/main.ts'],
  },
  cli: { may: ['sinks/index.ts', 'transports/memory.ts', 'catalog/server.ts'], mayNot: [] },
};

const report = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })),
});

let folder = '';
let refused: ReadonlyMap<string, number> = new Map();

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'arrows-'));
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  for (const [layer, { may, mayNot }] of Object.entries(arrows)) {
    for (const [kind, targets] of [['may', may] as const, ['may-not', mayNot] as const]) {
      for (const [index, target] of targets.entries()) {
        const text = (up: string): string => `export { x } from '${up}${target}';\n`;
        plant(`${layer}/${kind}-${index}.ts`, text('../'));
        plant(`${layer}/inner/${kind}-${index}.ts`, text('../../'));
      }
    }
  }
  plant('transforms/clock.ts', "import { hrtime } from 'node:process';\nexport const now = hrtime();\n");
  plant('transforms/timer.ts', 'export const timer = setTimeout(String, 5);\n');
  const oxlint = join(root, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format', 'json', '.'], { cwd: folder, encoding: 'utf8' });
  const counts = new Map<string, number>();
  for (const { code, filename } of report.parse(JSON.parse(stdout)).diagnostics) {
    if (!/no-restricted-(imports|globals)/.test(code)) continue;
    const file = filename.replaceAll('\\', '/');
    counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  refused = counts;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(Object.entries(arrows))(
  'lint lets %s import what its layer may, and nothing else',
  (layer, arrow) => {
    for (const inner of ['', 'inner/']) {
      const found = (kind: string, targets: readonly string[]): readonly boolean[] =>
        targets.map((_, index) => refused.has(`${layer}/${inner}${kind}-${index}.ts`));
      expect(found('may', arrow.may)).toEqual(arrow.may.map(() => false));
      expect(found('may-not', arrow.mayNot)).toEqual(arrow.mayNot.map(() => true));
    }
  },
);

it('lint keeps clocks, timers and node modules out of transforms', () => {
  expect(refused.has('transforms/clock.ts')).toBe(true);
  expect(refused.has('transforms/timer.ts')).toBe(true);
});
