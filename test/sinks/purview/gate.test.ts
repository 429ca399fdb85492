import { beforeEach, describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { Gate, type GateOptions } from '../../../sinks/purview/gate.ts';
import { seededRandom } from '../../support/random.ts';
import { never } from '../../support/sink-host.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let clock: VirtualClock;

beforeEach(() => {
  clock = new VirtualClock();
});

function gateWith(options: Partial<GateOptions> = {}): Gate {
  return new Gate({
    clock,
    random: () => 0,
    limit: undefined,
    inFlight: 8,
    longestProbeMs: 30_000,
    members: async () => 1,
    ...options,
  });
}

const bulk = { isUrgent: false, signal: never };
const urgent = { isUrgent: true, signal: never };
const throttled = (retryAfterMs?: number): StreamError =>
  new StreamError('CATALOG_THROTTLED', 'slower', retryAfterMs === undefined ? {} : { retryAfterMs });
const away = (): StreamError => new StreamError('CATALOG_UNAVAILABLE', 'away');
const fails = (error: StreamError) => () => Promise.reject(error);

/** An account that takes so many requests a second, and gives what is not used for one second later on. */
class Bucket {
  taken = 0;
  refused = 0;
  calls = 0;
  #tokens: number;
  #at = clock.now();
  #rate: number;

  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate;
  }

  /** Requests a second from now on. */
  allow(rate: number): void {
    this.#refill();
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, rate);
  }

  take(): boolean {
    this.#refill();
    this.calls += 1;
    if (this.#tokens < 1) {
      this.refused += 1;
      return false;
    }
    this.#tokens -= 1;
    this.taken += 1;
    return true;
  }

  #refill(): void {
    const seconds = (clock.now() - this.#at) / 1000;
    this.#tokens = Math.min(this.#rate, this.#tokens + seconds * this.#rate);
    this.#at = clock.now();
  }
}

/** Sends from 16 lanes until the time is over, to an account that also fails by chance. */
async function load(gates: readonly Gate[], bucket: Bucket, ms: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const request = async (): Promise<void> => {
    await clock.sleep(20 + random() * 40, never);
    if (!bucket.take()) throw throttled();
    await clock.sleep(20 + random() * 40, never);
    const chance = random();
    if (chance < 0.02) throw throttled();
    if (chance < 0.04) throw away();
    if (chance < 0.045) {
      await clock.sleep(2000, never);
      throw away();
    }
  };
  const until = clock.now() + ms;
  const lane = async (gate: Gate): Promise<void> => {
    while (clock.now() < until) {
      await gate.run(request, bulk).catch((thrown: unknown) => {
        if (!(thrown instanceof StreamError)) throw thrown;
      });
    }
  };
  await clock.run(Promise.all(gates.flatMap((gate) => Array.from({ length: 16 }, () => lane(gate)))));
}

describe('run() keeps the pace of an account', () => {
  it.each([1, 2, 3, 4])('that halves its limit midway, among failures by chance (seed %i)', async (seed) => {
    const bucket = new Bucket(50);
    const gate = gateWith({ limit: 50, inFlight: 16 });
    await load([gate], bucket, 10_000, seed);
    const from = { taken: bucket.taken, refused: bucket.refused, calls: bucket.calls };
    await load([gate], bucket, 40_000, seed + 100);
    bucket.allow(25);
    await load([gate], bucket, 100_000, seed + 200);
    const allowed = 50 * 40 + 25 * 100;
    expect((bucket.taken - from.taken) / allowed).toBeGreaterThan(0.95);
    expect((bucket.refused - from.refused) / (bucket.calls - from.calls)).toBeLessThan(0.02);
  });

  it('that nobody has told of: it finds the limit, and stays near it', async () => {
    const bucket = new Bucket(30);
    const gate = gateWith({ inFlight: 16 });
    await load([gate], bucket, 30_000, 7);
    const from = { taken: bucket.taken, refused: bucket.refused, calls: bucket.calls };
    await load([gate], bucket, 120_000, 8);
    expect((bucket.taken - from.taken) / (30 * 120)).toBeGreaterThan(0.85);
    expect((bucket.refused - from.refused) / (bucket.calls - from.calls)).toBeLessThan(0.05);
  });

  it('that two processes share: each begins with its part', async () => {
    const bucket = new Bucket(50);
    const members = async () => 2;
    const gates = [
      gateWith({ limit: 50, inFlight: 16, members }),
      gateWith({ limit: 50, inFlight: 16, members }),
    ];
    await load(gates, bucket, 5000, 9);
    expect(gates.map(({ rate }) => rate)).toEqual([25, 25]);
    await load(gates, bucket, 115_000, 10);
    expect(bucket.taken / (50 * 120)).toBeGreaterThan(0.95);
    expect(bucket.refused / bucket.calls).toBeLessThan(0.03);
  });

  it('and takes its part anew when the other processes have gone', async () => {
    let count = 5;
    const gate = gateWith({ limit: 50, members: async () => count });
    await clock.run(gate.run(async () => 1, bulk));
    expect(gate.rate).toBe(10);
    count = 1;
    await clock.run(clock.sleep(31_000, never));
    await clock.run(gate.run(async () => 1, bulk));
    expect(gate.rate).toBe(50);
  });
});

describe('run() pauses', () => {
  it('everybody for as long as the catalogue asks one to wait', async () => {
    const gate = gateWith();
    const sent: number[] = [];
    await expect(clock.run(gate.run(fails(throttled(7000)), bulk))).rejects.toMatchObject({
      retryAfterMs: 7000,
    });
    const note = async (): Promise<void> => void sent.push(clock.passed);
    await clock.run(Promise.all([gate.run(note, bulk), gate.run(note, urgent)]));
    expect(sent).toEqual([7000, 7000]);
  });

  it('a little longer than that by chance, a second at the most', async () => {
    const gate = gateWith({ random: () => 0.999 });
    await expect(clock.run(gate.run(fails(throttled(60_000)), bulk))).rejects.toThrow('slower');
    await clock.run(gate.run(async () => 1, bulk));
    expect(clock.passed).toBeGreaterThan(60_900);
    expect(clock.passed).toBeLessThanOrEqual(61_000);
  });

  it('not at all for one refusal without a time', async () => {
    const gate = gateWith();
    await expect(clock.run(gate.run(fails(throttled()), bulk))).rejects.toThrow('slower');
    await clock.run(gate.run(async () => 1, bulk));
    expect(clock.passed).toBe(0);
  });

  it('and rejects with the reason when the signal of one who waits fires; the others go on', async () => {
    const gate = gateWith();
    await expect(clock.run(gate.run(fails(throttled(5000)), bulk))).rejects.toThrow('slower');
    const stop = new AbortController();
    const stopped = gate.run(async () => 'sent', { isUrgent: false, signal: stop.signal });
    const other = gate.run(async () => 'sent', bulk);
    const reason = new Error('shutdown');
    stop.abort(reason);
    await expect(stopped).rejects.toBe(reason);
    expect(await clock.run(other)).toBe('sent');
  });
});

describe('run() when nothing is answered', () => {
  it('sends one probe at a time, each after twice the pause, and all again once one succeeds', async () => {
    const gate = gateWith();
    let isAway = true;
    let inFlight = 0;
    let most = 0;
    const sent: number[] = [];
    const request = async (): Promise<void> => {
      inFlight += 1;
      if (clock.passed > 2000 && isAway) most = Math.max(most, inFlight);
      sent.push(clock.passed);
      await clock.sleep(10, never);
      inFlight -= 1;
      if (isAway) throw away();
    };
    const lane = async (): Promise<void> => {
      for (;;) {
        try {
          return await gate.run(request, bulk);
        } catch (thrown) {
          if (!(thrown instanceof StreamError)) throw thrown;
        }
      }
    };
    const lanes = Promise.all(Array.from({ length: 8 }, lane));
    const back = clock.sleep(100_000, never).then(() => {
      isAway = false;
    });
    await clock.run(Promise.all([lanes, back]));
    expect(most).toBe(1);
    expect(sent.length).toBeLessThan(35); // 8 that were in flight, the probes, and 8 in the end
    expect(clock.passed).toBeLessThan(131_000); // the longest pause after it is back
  });

  it('lets requests go on that fail by themselves', async () => {
    const gate = gateWith();
    const bad = new StreamError('CATALOG_BAD_ENTITY', 'no');
    for (let n = 0; n < 20; n += 1) await expect(gate.run(fails(bad), bulk)).rejects.toBe(bad);
    expect(clock.passed).toBe(0);
  });
});

describe('run() lets what is urgent go first', () => {
  it('and one of eight of the others', async () => {
    const gate = gateWith({ limit: 1, inFlight: 1 });
    const order: string[] = [];
    const send = (name: string, turn: typeof bulk): Promise<void> =>
      gate.run(async () => void order.push(name), turn);
    const waiting = [
      ...Array.from({ length: 3 }, () => send('bulk', bulk)),
      ...Array.from({ length: 16 }, () => send('urgent', urgent)),
    ];
    await clock.run(Promise.all(waiting));
    const bulks = order.flatMap((name, index) => (name === 'bulk' ? [index] : []));
    expect(bulks).toEqual([0, 8, 16]);
  });
});
