/** Runs producers once, in this process, into a local catalogue of their own, and reads back what it then holds. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { exportCatalog } from '../../catalog/export.ts';
import { edgesOf } from './edges.ts';
import { runHere } from './run-here.ts';

const lineSchema = z.object({
  typeName: z.string(),
  qualifiedName: z.string(),
  attributes: z.record(z.string(), z.unknown()),
  relationshipAttributes: z.record(z.string(), z.unknown()).default({}),
});

/** What the catalogue holds of one entity. */
export type HeldEntity = z.output<typeof lineSchema>;

/** A folder with a configuration. */
export interface SourceRun {
  readonly folder: string;
  /** Runs all producers once and reads the catalogue. Throws when the run does not end well. */
  run(): Promise<HeldCatalogue>;
  remove(): Promise<void>;
}

/** What was read back. */
export interface HeldCatalogue {
  /** `type qualifiedName`, sorted. */
  readonly names: readonly string[];
  entity(name: string): HeldEntity;
  /** `process: input -> output` and `process: in#column -> out#column`. */
  readonly edges: readonly string[];
  /** What the run printed as its summary. */
  readonly summary: unknown;
}

/** Makes the folder. Paths in the producers' options start from it. */
export async function sourceRun(producers: object): Promise<SourceRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'source-run-'));
  const config = { state: 'state', catalog: { port: 0 }, sink: { kind: 'local' }, producers };
  const file = path.join(folder, 'purview-streams.yaml');
  await writeFile(file, JSON.stringify(config));
  return {
    folder,
    run: async () => {
      const state = path.join(folder, 'state');
      const done = await runHere(['run', '--once', '--json', '--config', file, '--state', state]);
      if (done.code !== 0) throw new Error(done.stdout + done.stderr);
      const exported = await exportCatalog(path.join(state, 'catalog'));
      const entities = exported
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => lineSchema.parse(JSON.parse(line)));
      const byName = new Map(entities.map((one) => [`${one.typeName} ${one.qualifiedName}`, one]));
      return {
        names: [...byName.keys()].sort(),
        entity: (name) => {
          const found = byName.get(name);
          if (found === undefined)
            throw new Error(`There is no ${name}; there are\n${[...byName.keys()].join('\n')}`);
          return found;
        },
        edges: edgesOf(exported),
        summary: JSON.parse(done.stdout),
      };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
