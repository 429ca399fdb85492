import { afterEach, describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type {
  FoundObject,
  Producer,
  Rejection,
  ScanContext,
  PartialChange,
} from '../../pipeline/producer.ts';
import type { Json } from '../../pipeline/state.ts';
import { testMemory } from '../support/producer-memory.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { ObjectEvent } from '../../schemas/types.ts';

/** What one scan came to. */
export interface ScanResult {
  readonly objects: readonly FoundObject[];
  readonly rejections: readonly Rejection[];
}

/** Scans a source to its end; with `memory` as the scan after the one that remembered it. */
export async function scanAll(
  producer: Producer,
  signal: AbortSignal = new AbortController().signal,
  memory: ScanContext['memory'] = testMemory(),
): Promise<ScanResult> {
  const objects: FoundObject[] = [];
  const rejections: Rejection[] = [];
  const reject = (rejection: Rejection): void => void rejections.push(rejection);
  for await (const found of producer.scan({ signal, memory, reject })) objects.push(found);
  return { objects, rejections };
}

/** What a producer is held against. */
export interface ProducerContractCase {
  /** Opens the producer on a source that can be read. */
  readonly open: () => Promise<Producer>;
  /** Every object of that source as `type objectId`, in any order; none of a source that only tells of changes. */
  readonly objects: readonly string[];
  /** Opens the producer on a source that cannot be read as a whole; rejecting from here counts as the failure too. */
  readonly openBroken: () => Promise<Producer>;
  /** Changes the source of `open`, and may be called again; absent where the source cannot be changed here. */
  readonly change?: () => Promise<void>;
  /** Texts that the configuration holds and no error may repeat. @default none */
  readonly secrets?: readonly string[];
}

/** The contract of {@link Producer}: every producer passes it on a real source. */
export function producerContract(name: string, theCase: ProducerContractCase): void {
  describe(`${name} keeps the contract of a producer`, () => {
    const opened: Producer[] = [];
    const open = async (): Promise<Producer> => {
      const producer = await theCase.open();
      opened.push(producer);
      return producer;
    };
    afterEach(async () => {
      for (const producer of opened.splice(0)) await producer.close();
    });

    it('scan() yields every object once', async () => {
      const { objects, rejections } = await scanAll(await open());
      expect(rejections).toEqual([]);
      expect(objects.map(({ type, objectId }) => `${type} ${objectId}`).sort()).toEqual(
        [...theCase.objects].sort(),
      );
    });

    it('scan() yields what fits the schemas of the events', async () => {
      const { objects } = await scanAll(await open());
      expect(objects).toHaveLength(theCase.objects.length);
      for (const found of objects) expect(decodeEvent(encoded(found)).value).toMatchObject(found.value);
    });

    it('scan() says the same when it reads the same source again, with this producer or another', async () => {
      const producer = await open();
      const first = await scanAll(producer);
      expect(await scanAll(producer)).toEqual(first);
      expect(await scanAll(await open())).toEqual(first);
    });

    it('scan() can be left in the middle and begun anew', async () => {
      const producer = await open();
      const context = {
        signal: new AbortController().signal,
        memory: testMemory(),
        reject: () => undefined,
      };
      for await (const _found of producer.scan(context)) break;
      expect((await scanAll(producer)).objects).toHaveLength(theCase.objects.length);
    });

    it('scan() stops with no error but a StreamError when its signal fires before or after the first object', async () => {
      const producer = await open();
      expect(await failureOf(scanAll(producer, AbortSignal.abort()))).toSatisfy(isStop);
      const stop = new AbortController();
      let count = 0;
      const late = await failureOf(
        (async () => {
          const context = { signal: stop.signal, memory: testMemory(), reject: () => undefined };
          for await (const _found of producer.scan(context)) {
            count += 1;
            stop.abort();
          }
        })(),
      );
      expect(late).toSatisfy(isStop);
      expect(count > 0).toBe(theCase.objects.length > 0);
      expect((await scanAll(producer)).objects).toHaveLength(theCase.objects.length);
    });

    it('incarnation() is the same every time', async () => {
      const producer = await open();
      const first = await producer.incarnation();
      expect(first).not.toBe('');
      expect(await producer.incarnation()).toBe(first);
      expect(await (await open()).incarnation()).toBe(first);
    });

    it('changes() ends when its signal fires', async () => {
      const producer = await open();
      await scanAll(producer);
      const stop = new AbortController();
      const ended = (async () => {
        for await (const _changed of producer.changes(stop.signal)) continue;
      })();
      stop.abort();
      await ended;
      for await (const _changed of producer.changes(AbortSignal.abort())) expect.fail('It did not end.');
    });

    it.skipIf(theCase.change === undefined)(
      'changes() tells of a change, and what it tells again from the mark before it',
      async () => {
        const producer = await open();
        await scanAll(producer);
        const before = await nextChange(producer, undefined);
        await theCase.change?.();
        const told = await nextChange(producer, before?.mark);
        if (told === undefined) return; // a scan tells the rest
        expect(told.found.length + told.looked.length).toBeGreaterThan(0);
        for (const { ref } of told.found) expect(ref).toBeDefined();
        const again = await nextChange(await open(), before?.mark);
        expect(again?.found).toEqual(told.found);
        expect(again?.looked).toEqual(told.looked);
        await theCase.change?.();
        expect(await nextChange(producer, told.mark)).not.toBeUndefined();
      },
    );

    it('close() may be called twice, and before any scan', async () => {
      const producer = await open();
      await producer.close();
      await expect(producer.close()).resolves.toBeUndefined();
    });

    it('scan() rejects with a StreamError that tells no secret when the source cannot be read', async () => {
      const failure = await failureOf(
        (async () => {
          const producer = await theCase.openBroken();
          opened.push(producer);
          await producer.incarnation();
          await scanAll(producer);
        })(),
      );
      expect(failure).toBeInstanceOf(StreamError);
      const told = textsOf(failure);
      for (const secret of theCase.secrets ?? []) expect(told).not.toContain(secret);
    });
  });
}

/** The next thing that `changes()` tells, read whole; undefined where it only tells that there was a change. */
async function nextChange(
  producer: Producer,
  mark: Json | undefined,
): Promise<
  (Pick<PartialChange, 'looked' | 'mark'> & { readonly found: readonly FoundObject[] }) | undefined
> {
  const stop = new AbortController();
  for await (const change of producer.changes(stop.signal, mark)) {
    if (change === undefined) return undefined;
    const found: FoundObject[] = [];
    for await (const object of change.found) found.push(object);
    return { found, looked: change.looked, mark: change.mark };
  }
  throw new Error('The changes ended.');
}

/** A scan that is stopped ends, or throws a StreamError: either way it is not complete. */
function isStop(thrown: unknown): boolean {
  return thrown === undefined || thrown instanceof StreamError;
}

function encoded(found: FoundObject): Buffer {
  const added: ObjectEvent = {
    producer: 'p',
    objectId: found.objectId,
    position: { incarnation: '1', sequence: found.sequence ?? 0 },
  };
  switch (found.type) {
    case 'database-object':
      return encodeEvent(found.type, { ...found.value, ...added });
    case 'routine':
      return encodeEvent(found.type, { ...found.value, ...added });
    case 'job':
      return encodeEvent(found.type, { ...found.value, ...added });
    case 'job-file':
      return encodeEvent(found.type, { ...found.value, ...added });
    case 'observed-statement':
      return encodeEvent(found.type, { ...found.value, ...added });
    case 'entity':
      return encodeEvent(found.type, { ...found.value, ...added });
  }
}

/** What a promise rejects with; undefined when it resolves. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

/** Everything that an error says, its causes included. */
export function textsOf(thrown: unknown): string {
  const texts: string[] = [];
  for (let error = thrown; error instanceof Error; error = error.cause)
    texts.push(error.message, error.stack ?? '');
  return texts.join('\n');
}
