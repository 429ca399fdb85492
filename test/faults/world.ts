import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Transport } from '../../pipeline/transport.ts';
import type { ProcessingGuarantee } from '../../pipeline/transport-config.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import type { CommandResult } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { EventSource, Issued } from './issued.ts';
import { faultsIn, sumOf } from './oracle.ts';
import { CliProcess } from './process.ts';
import type { HubsService, KafkaService, TopicsService } from './services.ts';

/** What every scenario is given. */
export interface Context {
  /** Main file of the command line. */
  readonly main: string;
  /** An empty folder of its own. */
  readonly folder: string;
  readonly quick: boolean;
  /** Numbers below 1, from the seed. */
  readonly random: () => number;
  /** Says what is going on. */
  readonly say: (text: string) => void;
  /** The Kafka or the event hubs that have the topics; without either they are in an embedded log. */
  readonly kafka?: KafkaService;
  readonly hubs?: HubsService;
}

/** How a world is made. */
export interface WorldOptions {
  readonly schemas: number;
  /** How often events are appended, but for the fresh one in the end. */
  readonly sources: number;
  readonly partitions?: number;
  readonly sessionMs?: number;
  /** Folder of the topics, instead of one in the folder of the scenario. */
  readonly state?: string;
  /** Bytes of records that the log may hold. */
  readonly maxBytes?: number;
  /** The configured sink, instead of the local one. */
  readonly sink?: string;
  /** Credits of a partition: what may be in flight in a process that dies. */
  readonly credits?: number;
  /** Bytes of those credits. */
  readonly creditBytes?: number;
  /** The section `events`, as it stands in YAML. */
  readonly events?: string;
  /** Lanes of a partition of the sink. @default 1 */
  readonly lanes?: number;
  /** Options of single sources, by the producer's name, as they stand in YAML: `schedule: '* * * * *'`. */
  readonly sourceOptions?: Readonly<Record<string, string>>;
}

/** How long one command may take. */
const commandMs = 15 * 60_000;

/** One configuration with its processes, and the oracle that knows what was issued to it. */
export class World {
  readonly context: Context;
  readonly issued = new Issued();
  readonly events: EventSource;
  readonly state: string;
  readonly #config: string;
  readonly #catalog: string;
  readonly #port: number;
  #sources = 0;
  #how: Parameters<World['startWith']>[0] = {};
  readonly #options: WorldOptions;
  /** Begins the names of topics and groups in a Kafka or in event hubs. */
  readonly prefix = `${randomUUID()}.`;
  /** What transforms promise on Kafka: one or the other, as the seed has it. */
  readonly #guarantee: ProcessingGuarantee;
  readonly #processes = new Set<CliProcess>();
  /** Those that no scenario ends. */
  readonly #lasting: CliProcess[] = [];

  private constructor(context: Context, options: WorldOptions, port: number) {
    this.context = context;
    this.events = new EventSource(this.issued, options.schemas);
    this.state = options.state ?? path.join(context.folder, 'state');
    this.#config = path.join(context.folder, 'purview-streams.yaml');
    this.#catalog = path.join(context.folder, 'catalogue');
    this.#port = port;
    this.#options = options;
    this.#guarantee = context.random() < 0.5 ? 'at-least-once' : 'exactly-once';
    if (context.kafka !== undefined) context.say(`transforms: ${this.#guarantee}`);
  }

  static async open(context: Context, options: WorldOptions): Promise<World> {
    const world = new World(context, options, await freePort());
    await mkdir(world.state, { recursive: true });
    await world.#writeConfig(options.maxBytes);
    return world;
  }

  get #service(): TopicsService | undefined {
    return this.context.kafka ?? this.context.hubs;
  }

  /** Address of the local catalogue. */
  get catalogueUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What may be in flight of one partition in one process. */
  get credits(): number {
    return this.#options.credits ?? 2000;
  }

  /** Opens the topics, beside the processes that use them. */
  openTopics(): Transport {
    return (
      this.#service?.open(this.prefix) ?? createEmbeddedTransport({ folder: path.join(this.state, 'topics') })
    );
  }

  /** Starts the local catalogue, which is what is looked at in the end. */
  async startCatalogue(): Promise<CliProcess> {
    const catalogue = this.begin('catalogue', ['catalog', '--state', this.#catalog, '-c', this.#config]);
    await catalogue.says('Ctrl-C ends.');
    this.#lasting.push(catalogue);
    return catalogue;
  }

  /** What the processes that are started from here on are given: another build of the command line, or another environment. */
  startWith(how: { readonly main?: string; readonly env?: Readonly<Record<string, string>> }): void {
    this.#how = how;
  }

  /** Starts a command that goes on until it is stopped. */
  begin(name: string, args: readonly string[]): CliProcess {
    const { main = this.context.main, env } = this.#how;
    const started = new CliProcess(name, main, args, env);
    this.#processes.add(started);
    return started;
  }

  /** Starts a stage as a process, with its own metrics. */
  beginStage(stage: 'transform' | 'sink', name: string): CliProcess {
    return this.begin(name, [stage, '-c', this.#config, '--metrics-port', '0']);
  }

  /** Arguments of a producer that only appends, with its own metrics. */
  producing(source: string): readonly string[] {
    return ['produce', source, '--only', '--once', '-c', this.#config, '--metrics-port', '0'];
  }

  /** Runs a command to its end. */
  async command(...args: string[]): Promise<CommandResult> {
    const started = this.begin(args.join(' '), [...args, '-c', this.#config]);
    const result = await Promise.race([started.ended, delay(commandMs, undefined, { ref: false })]);
    this.#processes.delete(started);
    if (result !== undefined) return result;
    await started.kill();
    throw new Error(`${started.name} took more than ${commandMs / 60_000} minutes:\n${started.output}`);
  }

  /** Runs a command that must succeed; dead letters are no failure. */
  async must(...args: string[]): Promise<CommandResult> {
    const result = await this.command(...args);
    if (result.code === 0 || result.code === 3) return result;
    this.expectRunning();
    throw new Error(`${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
  }

  /** Makes a source of some events; returns the name of its producer, which the configuration has had from the beginning. */
  async source(lines: readonly string[]): Promise<string> {
    if (this.#sources > this.#options.sources) throw new Error('The scenario has announced too few sources.');
    const name = `source${this.#sources}`;
    this.#sources += 1;
    await writeFile(path.join(this.context.folder, `${name}.ndjson`), `${lines.join('\n')}\n`);
    return name;
  }

  /** Appends the raw events of some lines. */
  async produce(lines: readonly string[]): Promise<void> {
    const name = await this.source(lines);
    await this.must('produce', name, '--only', '--once');
  }

  /** Starts a producer that follows its source, with its own metrics. */
  follow(source: string): CliProcess {
    return this.begin(source, ['produce', source, '--only', '-c', this.#config, '--metrics-port', '0']);
  }

  /** Gives the file of a source other lines, all at once. */
  async rewrite(name: string, lines: readonly string[]): Promise<void> {
    const file = path.join(this.context.folder, `${name}.ndjson`);
    await writeFile(`${file}.new`, `${lines.join('\n')}\n`);
    await rename(`${file}.new`, file);
  }

  /** Reads a source again, whose file has other lines now. */
  async produceAnew(name: string, lines: readonly string[]): Promise<CommandResult> {
    await this.rewrite(name, lines);
    return this.command('produce', name, '--only', '--once');
  }

  /** Throws with what it has printed when a process has ended that was to go on. */
  expectRunning(): void {
    for (const running of this.#lasting) {
      if (!running.isRunning) throw new Error(`${running.name} has ended:\n${running.output}`);
    }
  }

  /** Appends the same raw events again, as the same producer would with nothing of what it knew. */
  async produceAgain(lines: readonly string[]): Promise<void> {
    await this.produce(lines);
  }

  /** Changes how many bytes the log may hold. */
  async limit(maxBytes: number | undefined): Promise<void> {
    await this.#writeConfig(maxBytes);
  }

  /** Lets everything be settled, by processes of its own beside those that still run. */
  async settle(): Promise<void> {
    this.expectRunning();
    await this.must('transform', '--once');
    await this.must('sink', '--once');
  }

  /** What is wrong with the catalogue and the dead letters; a fresh event must pass at last. */
  async judge(): Promise<readonly string[]> {
    let faults = await this.#look();
    const parked = faults.length === 0 ? '' : (await this.command('parked', 'list', '--json')).stdout;
    if (parked !== '') {
      // What another process had parked waits for the next one that holds its partition.
      this.context.say(
        `parked: ${parked.split('\n').length - 1}; before they are tried: ${faults.join('; ')}`,
      );
      await this.settle();
      faults = await this.#look();
    }
    if (faults.length > 0) return faults;
    const sum = sumOf(this.issued);
    await this.produce(this.events.tables(1));
    await this.settle();
    this.context.say(`oracle: ${sum}, and a fresh event passes`);
    return this.#look();
  }

  /** Ends every process that is still there. */
  async close(): Promise<void> {
    for (const running of this.#processes) {
      if (running.isRunning) running.signal('SIGCONT');
      await running.kill();
    }
    await rm(this.context.folder, { recursive: true, force: true });
  }

  #optionsOf(source: string): string {
    const own = this.#options.sourceOptions?.[source];
    return own === undefined ? '' : `, ${own}`;
  }

  async #look(): Promise<readonly string[]> {
    const catalogue = await this.must('catalog', 'export', '--state', this.#catalog);
    const letters = await this.must('dead-letters', 'list', '--json');
    return faultsIn(this.issued, { catalogue: catalogue.stdout, letters: letters.stdout });
  }

  async #writeConfig(maxBytes: number | undefined): Promise<void> {
    const { partitions = 4, sources, events, creditBytes } = this.#options;
    const service = this.#service;
    // A Kafka does not see that a process is gone: its session has to end.
    const { sessionMs = service === undefined ? 30_000 : 6000 } = this.#options;
    const limit = maxBytes === undefined ? '' : `, maxBytes: ${maxBytes}`;
    const kind = service?.configOf(this.prefix, partitions) ?? 'kind: embedded';
    const guarantee = this.context.kafka === undefined ? '' : `, processingGuarantee: ${this.#guarantee}`;
    const parameters = 'parameters: { server: faults, database: shop }';
    const datasets = `{ table: { type: generic_table, name: '{schema}.{table}', ${parameters} }, schema: { type: generic_schema, name: '{schema}', ${parameters} } }`;
    const names = Array.from({ length: sources + 1 }, (_, source) => `source${source}`);
    const lines = [
      `state: ${this.state}`,
      `transport: { ${kind}, partitions: ${partitions}, sessionMs: ${sessionMs}${limit}${guarantee} }`,
      `catalog: { port: ${this.#port} }`,
      `sink: ${this.#options.sink ?? '{ kind: local }'}`,
      `delivery: { credits: ${this.credits}, lanes: ${this.#options.lanes ?? 1}${creditBytes === undefined ? '' : `, creditBytes: ${creditBytes}`} }`,
      ...(events === undefined ? [] : [`events: ${events}`]),
      'producers:',
      ...names.map(
        (name) =>
          `  ${name}: { kind: events, path: ${name}.ndjson, datasets: ${datasets}${this.#optionsOf(name)} }`,
      ),
    ];
    await writeFile(this.#config, `${lines.join('\n')}\n`);
  }
}
