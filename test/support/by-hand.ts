import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { type CommandResult, type RunningCommand, startCli } from './cli.ts';
import { runHere } from './run-here.ts';

/** A job as a line of a file of raw events. */
export interface HandJob {
  readonly objectId: string;
  readonly name?: string;
  /** Names of files, see {@link blob}. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

/** Name of a file that jobs read and write, in the catalogue. */
export function blob(file: string): string {
  return `https://demo.blob.core.windows.net/out/${file}`;
}

/** A pipeline over a file of raw events, on the embedded or another transport and the local catalogue, for tests of commands. */
export class HandWorld {
  readonly folder: string;
  readonly #running = new Set<RunningCommand>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** The file of its configuration. */
  get config(): string {
    return path.join(this.folder, 'purview-streams.yaml');
  }

  /** The folder of its state. */
  get state(): string {
    return path.join(this.folder, '.purview-streams');
  }

  /** Makes one in a new folder, with some jobs. */
  static async make(
    jobs: readonly HandJob[],
    settings = '',
    transport = 'kind: embedded',
  ): Promise<HandWorld> {
    const world = new HandWorld(await mkdtemp(path.join(tmpdir(), 'by-hand-')));
    await world.write(jobs);
    await writeFile(
      world.config,
      `transport: { ${transport}, partitions: 2 }
catalog: { port: 0 }
sink: { kind: local }
${settings}
producers:
  hand:
    kind: events
    path: events.ndjson
    datasets:
      file: { type: azure_blob_path, path: '{url+}' }
      table: { type: generic_table, name: '{table}', parameters: { server: demo, database: shop, schema: public } }
`,
    );
    return world;
  }

  /** Writes the file of events anew: finished jobs, and other lines as they are. */
  async write(jobs: readonly HandJob[], lines: readonly string[] = []): Promise<void> {
    const events = jobs.map(({ objectId, name = objectId, inputs = [], outputs = [] }) => {
      const named = (names: readonly string[]) =>
        names.map((file) => ({ type: 'file', name: file, path: blob(file) }));
      return JSON.stringify({
        type: 'job',
        objectId,
        tool: 'demo-etl',
        name,
        inputs: named(inputs),
        outputs: named(outputs),
      });
    });
    await writeFile(path.join(this.folder, 'events.ndjson'), `${[...events, ...lines].join('\n')}\n`);
  }

  /** Runs a command on it, in this process. */
  run(...args: readonly string[]): Promise<CommandResult> {
    return runHere([...args, '--config', this.config]);
  }

  /** Starts a command on it, in a process of its own; it is ended with the world. */
  start(...args: readonly string[]): RunningCommand {
    const running = startCli([...args, '--config', this.config]);
    this.#running.add(running);
    return running;
  }

  /** What the local catalogue holds. */
  async exported(): Promise<string> {
    return (await this.run('catalog', 'export')).stdout;
  }

  /** Ends what runs, and removes the folder. */
  async remove(): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The objects of JSON lines, in the form that a test expects of them. */
export function jsonLines<S extends z.ZodType>(schema: S, text: string): z.output<S>[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [schema.parse(JSON.parse(line))]));
}
