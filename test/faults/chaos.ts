import { setTimeout as delay } from 'node:timers/promises';
import { type CliProcess, until } from './process.ts';
import type { World } from './world.ts';

/** The stages of a world, two processes each, one of which is ended again and again. */
export class Stages {
  readonly #world: World;
  readonly #running: { readonly stage: 'transform' | 'sink'; process: CliProcess }[] = [];
  #started = 0;

  constructor(world: World) {
    this.#world = world;
    for (const stage of ['transform', 'sink', 'transform', 'sink'] as const) {
      this.#running.push({ stage, process: this.#begin(stage) });
    }
  }

  /** The processes that run. */
  get processes(): readonly CliProcess[] {
    return this.#running.map(({ process }) => process);
  }

  /** Waits until every one is at work or waits for it. */
  async ready(): Promise<void> {
    for (const running of this.processes) await running.says('Ctrl-C drains and ends.');
  }

  /**
   * Takes one at random, waits until it has something in its hands and a random moment longer, ends it, and puts a new one in
   * its place.
   */
  async replaceOne(end: (victim: CliProcess) => Promise<void>): Promise<void> {
    const { random, say } = this.#world.context;
    const index = Math.floor(random() * this.#running.length);
    const place = this.#running[index];
    if (place === undefined) return;
    const victim = place.process;
    const wasBusy = await isBusy(victim);
    await delay(random() * 300); // the moment of the kill is what varies
    await end(victim);
    say(`ended ${victim.name} ${wasBusy ? 'at work' : 'idle'}`);
    place.process = this.#begin(place.stage);
  }

  /** SIGTERM to all. */
  async drain(): Promise<void> {
    await Promise.all(this.processes.map((running) => running.drain()));
  }

  #begin(stage: 'transform' | 'sink'): CliProcess {
    this.#started += 1;
    return this.#world.beginStage(stage, `${stage} ${this.#started}`);
  }
}

/** Whether a process gets something to do within a while. */
export async function isBusy(running: CliProcess, withinMs = 5000): Promise<boolean> {
  await running.says('Metrics:');
  try {
    await until(`${running.name} is at work`, withinMs, async () => {
      const samples = await running.samples();
      return Object.entries(samples ?? {}).some(
        ([name, value]) => name.startsWith('events_in_flight') && value > 0,
      );
    });
    return true;
  } catch {
    return false; // it has nothing to do: it is ended idle
  }
}
