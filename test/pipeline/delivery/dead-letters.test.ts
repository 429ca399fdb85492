import { expect, it } from 'vitest';
import { deadLetterOf } from '../../../pipeline/delivery/dead-letters.ts';
import { StreamError } from '../../../pipeline/errors.ts';
import { topics } from '../../../pipeline/topics.ts';
import type { StoredRecord } from '../../../pipeline/transport.ts';

const fault = {
  stage: 'TRANSFORM',
  error: new StreamError('NAME_INVALID', 'No.'),
  attempts: 1,
  producer: 'erp',
} as const;

/** The id of the letter for a record of the raw topic. */
function idOf(record: Partial<StoredRecord>): string {
  const stored = {
    topic: topics.raw,
    partition: 0,
    offset: 7,
    timestamp: 0,
    key: 'erp/table/a',
    value: Buffer.from('an event'),
    headers: {},
    ...record,
  };
  return deadLetterOf(stored, fault, new Date(0)).id;
}

it('deadLetterOf() makes the same letter when a producer says the same event once more', () => {
  expect(idOf({ offset: 99 })).toBe(idOf({}));
  expect(idOf({ value: Buffer.from('another event') })).not.toBe(idOf({}));
  expect(idOf({ key: 'erp/table/b' })).not.toBe(idOf({}));
});

it('deadLetterOf() makes a letter of its own when a record is damaged: what is left of two may be the same', () => {
  const left = { key: '', value: Buffer.alloc(0), corrupt: 'it is gone' };
  expect(idOf({ ...left, offset: 8 })).not.toBe(idOf(left));
});
