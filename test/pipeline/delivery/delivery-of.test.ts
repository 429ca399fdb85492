import { expect, it } from 'vitest';
import { deliveryOf } from '../../../pipeline/delivery/delivery-of.ts';
import { redrivenHeaders } from '../../../pipeline/delivery/redriven.ts';
import { replayedHeaders } from '../../../pipeline/delivery/replayed.ts';
import { deadLetterOf } from '../../../pipeline/delivery/dead-letters.ts';
import { shop } from '../../support/changes.ts';

const change = shop('a');
const record = {
  topic: 't',
  partition: 0,
  offset: 17,
  timestamp: 0,
  key: 'k',
  value: new Uint8Array(),
  headers: { h: '1' },
};

it('deliveryOf() says whether a record is replayed, or was a dead letter and where it stood', () => {
  expect(deliveryOf(record, change)).toEqual({ change, offset: 17 });
  for (const scope of ['whole', 'part'] as const) {
    const headers = replayedHeaders(record.headers, scope);
    expect(deliveryOf({ ...record, headers }, change)).toEqual({ change, offset: 17, replayed: scope });
  }
  const traced = { ce_traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  expect(deliveryOf({ ...record, headers: traced }, change).traceparent).toBe(traced.ce_traceparent);
  const fault = { stage: 'SINK', error: new Error('No.'), attempts: 2, producer: null } as const;
  const headers = redrivenHeaders(deadLetterOf(record, fault, new Date(0)), 17);
  expect(headers).toMatchObject({ h: '1' });
  expect(deliveryOf({ ...record, offset: 99, headers }, change)).toEqual({
    change,
    offset: 17,
    isLate: true,
  });
});

it('deliveryOf() takes foreign headers of the same names for nothing', () => {
  const headers = { replay: 'all', redriven_offset: 'x', redriven_attempts: '1' };
  expect(deliveryOf({ ...record, headers }, change)).toEqual({ change, offset: 17 });
});
