import { expect, test } from 'vitest';
import { OpenKeys } from '../../../pipeline/delivery/open-keys.ts';
import type { LaneItem } from '../../../pipeline/delivery/lane-item.ts';
import type { EntityChange } from '../../../schemas/types.ts';

function laneItem(key: string, operation: EntityChange['operation'] = 'UPSERT'): LaneItem {
  const place = { topic: 'metadata.entities', partition: 0, offset: 0, timestamp: 0 };
  const change: EntityChange = {
    operation,
    typeName: 'shop',
    qualifiedName: key,
    producer: 'p',
    objectId: key,
    position: { incarnation: 'i', sequence: 0 },
    entities: [],
    complete: [],
    placeholder: false,
  };
  return {
    record: { key, value: null, headers: {}, ...place },
    change,
    wasParked: false,
    isUncertain: false,
  };
}

test('`OpenKeys.remove()` throws when a change was never added: its key would be kept for ever', () => {
  const open = new OpenKeys();
  open.add([laneItem('a')]);
  open.remove([laneItem('a')]);
  expect(() => open.remove([laneItem('a')])).toThrow('A change of a is closed that was not open.');
  expect(() => open.remove([], ['b'])).toThrow('A change of b is closed');
});

test('`OpenKeys.unblocked()` leaves out what stands behind an open change of its key, and everything while a deletion is open', () => {
  const open = new OpenKeys();
  open.add([laneItem('a')]);
  const [a, b] = [laneItem('a'), laneItem('b')];
  expect(open.unblocked([a, b])).toEqual([b]);
  open.add([laneItem('c', 'DELETE')]);
  expect(open.unblocked([b])).toEqual([]);
  open.remove([laneItem('c', 'DELETE')]);
  expect(open.unblocked([b, laneItem('b'), a])).toEqual([]);
});
