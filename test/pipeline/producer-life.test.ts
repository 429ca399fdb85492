import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { exportLines, importLines } from '../../cli/state-lines.ts';
import { incarnationOf } from '../../pipeline/producer-life.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { createMemoryState } from '../../platform/memory-state.ts';

const beside = (state: StateStore): Promise<string> =>
  incarnationOf({ state, name: 'p', isBeside: true }, 'source');

it('incarnationOf() is that of the source where the state is with the topics', async () => {
  const state = createMemoryState();
  expect(await incarnationOf({ state, name: 'p', isBeside: false }, 'source')).toBe('source');
});

it('incarnationOf() stays for as long as a state beside the topics does, and is another one when that was lost', async () => {
  const state = createMemoryState();
  const first = await beside(state);
  expect(first).toMatch(/^source\/./u);
  expect(await beside(state)).toBe(first);
  expect(await beside(createMemoryState())).not.toBe(first);
});

it('importLines() begins a new life of every producer that it puts in, also where they were before', async () => {
  const state = createMemoryState();
  const parts = { ofStages: state, ofProducers: state };
  const first = await beside(state);
  await state.write([{ key: 'inventory/p/job\na', value: { hash: 'h' } }]);
  const lines: string[] = [];
  for await (const line of exportLines(parts)) lines.push(`${line}\n`);
  expect(lines.join('')).not.toContain('producer-life');
  await importLines(parts, Readable.from(lines));
  const second = await beside(state);
  expect(second).not.toBe(first);
  // With the topics too: what they hold of this producer may be newer than what was put in.
  expect(await incarnationOf({ state, name: 'p', isBeside: false }, 'source')).toBe(second);
});
