import { describe, expect, it } from 'vitest';
import { DerivedObjects } from '../../cli/derived-objects.ts';
import { Deriver } from '../../pipeline/derive/deriver.ts';
import { createMemoryState } from '../../platform/memory-state.ts';

const object = (producer: string) => ({
  key: JSON.stringify([producer, 'routine', 'r']),
  producer,
  objectId: 'r',
  type: 'routine',
  position: { incarnation: 'i', sequence: 0 },
  event: undefined,
  removed: false,
  asked: new Set<string>(),
  known: [],
  roots: new Map([['table\ntable://t', false]]),
  derivations: [],
  warnings: [],
});

const removalOf = (producer: string) =>
  ({
    type: 'removal',
    value: { producer, objectId: 'r', removedType: 'routine', position: { incarnation: 'i', sequence: 1 } },
  }) as const;

describe('DerivedObjects', () => {
  it('holds no root for a producer that is not configured any more', async () => {
    const state = createMemoryState();
    await new DerivedObjects(state).remember([object('former'), object('present')]);
    const deriver = new Deriver(() => []);
    await new DerivedObjects(state).restore(deriver, new Set(['present']));
    expect(deriver.apply(removalOf('present'))).toMatchObject({
      kind: 'derived',
      changes: [{ operation: 'DELETE', typeName: 'table', qualifiedName: 'table://t' }],
    });
  });

  it('holds a root for as long as another configured producer speaks of it', async () => {
    const state = createMemoryState();
    await new DerivedObjects(state).remember([object('one'), object('two')]);
    const deriver = new Deriver(() => []);
    await new DerivedObjects(state).restore(deriver, new Set(['one', 'two']));
    expect(deriver.apply(removalOf('one'))).toMatchObject({ kind: 'unchanged', changes: [] });
  });
});
