import { describe, expect, it } from 'vitest';
import { openRenewed } from '../../cli/renewed-producer.ts';
import type { ProducerSetup } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Producer } from '../../pipeline/producer.ts';

/** A source that takes one password, and a producer with another one. */
class Vault {
  taken = 'first';
  held = 'first';
  opened = 0;
  closed = 0;

  setup(password: string): ProducerSetup {
    const refuse = (): void => {
      if (password !== this.taken) throw new StreamError('SOURCE_REFUSED', 'No.');
    };
    const producer: Producer = {
      incarnation: async () => {
        refuse();
        return password;
      },
      async *scan() {
        refuse();
        yield* [];
      },
      async *changes() {
        yield undefined;
        refuse();
      },
      close: async () => {
        this.closed += 1;
      },
    };
    return {
      settings: {
        types: { entityTypes: [], relationshipTypes: [] },
        datasets: {},
        caseRule: 'preserve',
        steps: 'collapse',
      },
      open: async () => {
        this.opened += 1;
        return producer;
      },
    };
  }

  open(): Promise<Producer> {
    let known = this.held;
    return openRenewed(this.setup(known), async () => {
      if (known === this.held) return undefined;
      known = this.held;
      return this.setup(known);
    });
  }
}

const context = {
  signal: new AbortController().signal,
  memory: { entries: async function* entries() {}, set: () => undefined },
  reject: () => undefined,
};

async function drain(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}

describe('openRenewed()', () => {
  it('opens the producer anew with the new password when the source refuses the old one', async () => {
    const vault = new Vault();
    const producer = await vault.open();
    expect(await producer.incarnation()).toBe('first');
    vault.taken = 'second';
    vault.held = 'second';
    expect(await producer.incarnation()).toBe('second');
    expect(await drain(producer.scan(context))).toBe(0);
    await producer.close();
    expect([vault.opened, vault.closed]).toEqual([2, 2]);
  });

  it('says of a source that only tells of changes that it does, so that nothing is gone which a scan does not find', async () => {
    const setup = new Vault().setup('first');
    const webhook: ProducerSetup = {
      ...setup,
      open: async () => ({ ...(await setup.open()), tellsOnly: true }),
    };
    expect((await openRenewed(webhook, async () => undefined)).tellsOnly).toBe(true);
    expect(await new Vault().open()).not.toHaveProperty('tellsOnly');
  });

  it('throws what can be tried again when a scan or the changes were refused, and a new password is there', async () => {
    const vault = new Vault();
    const producer = await vault.open();
    for (const [password, begin] of [
      ['second', () => producer.scan(context)],
      ['third', () => producer.changes(context.signal)],
    ] as const) {
      vault.taken = password;
      vault.held = password;
      await expect(drain(begin())).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
      expect(await producer.incarnation()).toBe(password);
    }
    expect(await drain(producer.changes(context.signal))).toBe(1);
  });

  it('throws the refusal when there is no new password, and takes one that comes later', async () => {
    const vault = new Vault();
    const producer = await vault.open();
    vault.taken = 'second';
    await expect(producer.incarnation()).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    await expect(drain(producer.scan(context))).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    expect(vault.opened).toBe(1);
    vault.held = 'second';
    expect(await producer.incarnation()).toBe('second');
  });
});
