import { describe, expect, it } from 'vitest';
import type { StateStore } from '../../../pipeline/state.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { WatchedState } from '../../../sinks/purview/watched-state.ts';

describe('WatchedState', () => {
  it('view() is stale once something is written that was read through it, and by nothing else', async () => {
    const state = new WatchedState(createMemoryState());
    const view = state.view();
    await state.write([{ key: 'a', value: 1 }]);
    expect(await view.get('a')).toBe(1);
    expect(await view.get('b')).toBeUndefined();
    await state.write([{ key: 'c', value: 1 }]);
    expect(view.isStale).toBe(false);
    await state.write([{ key: 'b', value: undefined }]);
    expect(view.isStale).toBe(true);
  });

  it('view() is stale when it reads what is being written, before or after it is there', async () => {
    const memory = createMemoryState();
    let go = (): void => undefined;
    const slow: StateStore = {
      get: (key) => memory.get(key),
      scan: (prefix) => memory.scan(prefix),
      close: () => memory.close(),
      write: async (writes) => {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        await memory.write(writes);
      },
    };
    const state = new WatchedState(slow);
    const [early, view] = [state.view(), state.view()];
    await early.get('a');
    const written = state.write([{ key: 'a', value: 1 }]);
    expect(early.isStale).toBe(true);
    expect(await view.get('a')).toBeUndefined();
    go();
    await written;
    expect(view.isStale).toBe(true);
  });

  it('view() keeps what is written to it to itself, and reads it back', async () => {
    const memory = createMemoryState();
    const view = new WatchedState(memory).view();
    await view.write([{ key: 'a', value: 1 }]);
    await view.write([
      { key: 'a', value: 2 },
      { key: 'b', value: undefined },
    ]);
    expect([await view.get('a'), await memory.get('a')]).toEqual([2, undefined]);
    expect(view.writes).toEqual([
      { key: 'a', value: 2 },
      { key: 'b', value: undefined },
    ]);
  });

  it('view() is stale after a scan, and notices nothing after it is closed', async () => {
    const state = new WatchedState(createMemoryState());
    const view = state.view();
    await view.get('a');
    await view.close();
    await state.write([{ key: 'a', value: 1 }]);
    expect(view.isStale).toBe(false);
    for await (const _ of view.scan('')) break;
    expect(view.isStale).toBe(true);
  });
});
