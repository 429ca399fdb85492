import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHeaders, toHeaders } from '../../schemas/cloud-events.ts';

const attributes = {
  id: fc.string(),
  source: fc.string(),
  type: fc.string(),
  subject: fc.string(),
  time: fc.string(),
  dataschema: fc.string(),
};

describe('toHeaders() and fromHeaders()', () => {
  it('give back any event, with and without a trace', () => {
    const events = fc.oneof(fc.record(attributes), fc.record({ ...attributes, traceparent: fc.string() }));
    fc.assert(
      fc.property(events, (event) => {
        expect(fromHeaders(toHeaders(event))).toEqual(event);
      }),
    );
  });

  it('toHeaders() names the attributes as the Kafka binding of CloudEvents does', () => {
    const event = {
      id: '1',
      source: '/s',
      type: 't',
      subject: 'o',
      time: '2020-01-01T00:00:00Z',
      dataschema: 'd',
    };
    expect(toHeaders(event)).toEqual({
      'content-type': 'application/avro',
      ce_specversion: '1.0',
      ce_id: '1',
      ce_source: '/s',
      ce_type: 't',
      ce_subject: 'o',
      ce_time: '2020-01-01T00:00:00Z',
      ce_dataschema: 'd',
    });
  });

  it('fromHeaders() reads what a foreign writer left out as the empty string', () => {
    expect(fromHeaders({ other: 'x' })).toEqual({
      id: '',
      source: '',
      type: '',
      subject: '',
      time: '',
      dataschema: '',
    });
  });
});
