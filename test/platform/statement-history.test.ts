import { describe, expect, it } from 'vitest';
import { type Observation, StatementHistory } from '../../platform/statement-history.ts';
import { testMemory } from '../support/producer-memory.ts';

const source = { system: 's', dialect: 'postgres', server: 'srv', keepDays: 30 };
const at = (day: string): Date => new Date(`${day}T12:00:00Z`);
const insert: Observation = {
  database: 'db',
  searchPath: ['public'],
  text: 'INSERT INTO a SELECT x FROM b',
  user: 'u',
  executions: 1,
  firstSeen: null,
  lastSeen: null,
  flows: null,
};

/** One scan: observes, and answers with what it says of each statement. */
const scan = async (
  memory: ReturnType<typeof testMemory>,
  day: string,
  observed: readonly Partial<Observation>[],
) => {
  const history = await StatementHistory.open(memory, { ...source, now: at(day) });
  for (const one of observed) history.observe({ ...insert, ...one });
  const found = [...history.found()].flatMap((one) => (one.type === 'observed-statement' ? [one.value] : []));
  history.remember(memory);
  return found;
};

describe('StatementHistory', () => {
  it('says the executions and the last day anew only when another day begins', async () => {
    const memory = testMemory();
    const [first] = await scan(memory, '2026-01-01', [{ executions: 2 }]);
    expect(first).toMatchObject({ executions: 2, firstSeen: '2026-01-01', lastSeen: '2026-01-01' });
    expect(await scan(memory, '2026-01-01', [{ executions: 5 }])).toEqual([first]);
    expect(await scan(memory, '2026-01-02', [])).toEqual([first]);
    expect(await scan(memory, '2026-01-03', [{ executions: 1 }])).toEqual([
      { ...first, executions: 8, lastSeen: '2026-01-03' },
    ]);
  });

  it('adds what a counter grew by, and all of it when the counter began again', async () => {
    const memory = testMemory();
    const counter = (value: number, epoch = 'a', key = 'k') => ({ executions: { key, epoch, value } });
    const executions = async (day: string, ...observed: Partial<Observation>[]) =>
      (await scan(memory, day, observed)).map((one) => one.executions);
    expect(await executions('2026-01-01', counter(10))).toEqual([10]);
    expect(await executions('2026-01-02', counter(15))).toEqual([15]);
    expect(await executions('2026-01-03', counter(15))).toEqual([15]); // it did not run: the day does not move
    expect(await executions('2026-01-04', counter(3))).toEqual([18]);
    expect(await executions('2026-01-05', counter(20, 'b'))).toEqual([38]);
    expect(await executions('2026-01-06', counter(21, 'b'), counter(4, 'b', 'other'))).toEqual([43]);
  });

  it('does not move the last day when a counter stands still', async () => {
    const memory = testMemory();
    const executions = { key: 'k', epoch: 'a', value: 7 };
    const [first] = await scan(memory, '2026-01-01', [{ executions }]);
    expect(await scan(memory, '2026-01-20', [{ executions }])).toEqual([first]);
  });

  it('forgets a statement that was not seen for keepDays', async () => {
    const memory = testMemory();
    await scan(memory, '2026-01-01', [{}, { text: 'INSERT INTO c SELECT x FROM d' }]);
    expect(await scan(memory, '2026-01-30', [{}])).toHaveLength(2);
    expect((await scan(memory, '2026-02-15', [])).map(({ text }) => text)).toEqual([insert.text]);
    expect(await scan(memory, '2026-02-15', [])).toHaveLength(1);
  });

  it('keeps statements of different databases apart, and users together', async () => {
    const found = await scan(testMemory(), '2026-01-01', [
      { user: 'b' },
      { user: 'a' },
      { user: null },
      { database: 'other' },
    ]);
    expect(found.map(({ path, users }) => [path.at(-1)?.name, users])).toEqual([
      ['db', ['a', 'b']],
      ['other', ['u']],
    ]);
  });

  it('warns of a text that its source cut, and cuts one that is too long', async () => {
    const long = `INSERT INTO a SELECT ${'x, '.repeat(50_000)} FROM b`;
    const found = await scan(testMemory(), '2026-01-01', [
      { text: 'INSERT INTO a SELECT x FROM c', cut: true, cutAdvice: 'Raise it.' },
      { text: "INSERT INTO a SELECT x FROM b WHERE 'no end" },
      { text: long },
    ]);
    expect(found.map(({ warnings }) => warnings.map(({ code }) => code))).toEqual([
      ['statement-cut'],
      ['statement-cut'],
      ['statement-cut'],
    ]);
    expect(found.every(({ text }) => text.length <= 100_000)).toBe(true);
    expect(found.flatMap(({ warnings }) => warnings.map(({ message }) => message))).toContainEqual(
      expect.stringContaining('Raise it.'),
    );
  });

  it('remembers no more characters than it may, of the statements that were seen last, also amid a scan', async () => {
    const memory = testMemory();
    const texts = (n: number): string => `INSERT INTO a${n} SELECT ${'x'.repeat(1000)} FROM b`;
    const bounded = { ...source, now: at('2026-01-20'), maxCharacters: 10_500 };
    const history = await StatementHistory.open(memory, bounded);
    for (let n = 0; n < 100; n += 1) {
      const seen = at(`2026-01-${String(1 + (n % 19)).padStart(2, '0')}`);
      history.observe({ ...insert, text: texts(n), lastSeen: seen });
    }
    const found = [...history.found()].flatMap((one) =>
      one.type === 'observed-statement' ? [one.value] : [],
    );
    expect(found).toHaveLength(10);
    expect(found.every(({ lastSeen }) => (lastSeen ?? '') >= '2026-01-17')).toBe(true);
    history.remember(memory);
    expect([...(await StatementHistory.open(memory, bounded)).found()]).toHaveLength(10);
  });

  it('keeps ids, users and days within bounds, whatever a log holds', async () => {
    const memory = testMemory();
    const observed = { database: 'ä'.repeat(5_000), user: 'u'.repeat(5_000), lastSeen: at('2099-01-01') };
    const [one, ...others] = await scan(memory, '2026-01-01', [
      observed,
      observed,
      { ...observed, database: 'ä'.repeat(5_001) },
    ]);
    expect(others).toHaveLength(1);
    expect(one).toMatchObject({ lastSeen: '2026-01-01', users: ['u'.repeat(200)] });
    for await (const { key } of memory.entries('')) expect(Buffer.byteLength(key)).toBeLessThan(700);
  });
});
