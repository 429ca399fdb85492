import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import { readJob, readPage } from '../../../producers/etl-api/reply.ts';

const at = { id: 'j', tool: 'loader', location: 'api/job/j' };

describe('readJob()', () => {
  it.each([
    ['2026-11-22T00:10:00Z', Date.UTC(2026, 10, 22, 0, 10)],
    ['2026-11-22T02:10:00+02:00', Date.UTC(2026, 10, 22, 0, 10)],
    ['2026-11-22T00:10:00.250', Date.UTC(2026, 10, 22, 0, 10, 0, 250)],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['1969-01-01', 0],
  ])('takes lastRun %s as a time', (lastRun, sequence) => {
    const { found, timed } = readJob({ name: 'j', lastRun }, at);
    expect({
      timed,
      sequence: found.sequence,
      lastRun: found.value.lastRun,
      warnings: found.value.warnings,
    }).toEqual({ timed: true, sequence, lastRun, warnings: [] });
  });

  it.each(['yesterday', '2026-02-30', '2026-11-22T25:00:00Z', '', '22.11.2026', 1_795_000_000])(
    'keeps lastRun %s as text, with a warning',
    (lastRun) => {
      const { found, timed } = readJob({ name: 'j', lastRun }, at);
      expect(timed).toBe(false);
      expect(found.sequence).toBeUndefined();
      expect(found.value.lastRun).toBe(String(lastRun));
      expect(found.value.warnings).toEqual([
        expect.objectContaining({ code: 'last-run-not-a-time', location: 'api/job/j $.lastRun' }),
      ]);
    },
  );

  it('has no warning and no time when there is no lastRun', () => {
    const { found, timed } = readJob({ name: 'j' }, at);
    expect([timed, found.value.lastRun, found.value.warnings]).toEqual([false, null, []]);
  });

  it('throws nothing but SOURCE_INVALID, whatever the JSON is', () => {
    const names = fc.constantFrom('name', 'inputs', 'outputs', 'lastRun', 'type', 'path', '__proto__', 'x');
    const { job } = fc.letrec((tie) => ({
      job: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.dictionary(names, tie('job')),
        fc.array(tie('job')),
      ),
    }));
    fc.assert(
      fc.property(job, (json) => {
        const outcome = (): string => {
          try {
            return readJob(json, at).found.type;
          } catch (thrown) {
            return thrown instanceof StreamError ? thrown.code : String(thrown);
          }
        };
        expect(['job', 'SOURCE_INVALID']).toContain(outcome());
      }),
    );
  });
});

describe('readPage()', () => {
  it('takes ids of text and of whole numbers, and null or no link as the end', () => {
    const page = readPage({ jobs: [{ id: 7, lastRun: '2026-11-22' }, { id: 'a' }] }, 'here');
    expect(page.jobs.map(({ id, timed }) => [id, timed])).toEqual([
      ['7', true],
      ['a', false],
    ]);
    expect([page.next, readPage({ jobs: [], next: null }, 'here').next]).toEqual([null, null]);
  });

  it.each([
    [{ id: '' }],
    [{ id: '..' }],
    [{ id: '.' }],
    [{ id: '\ud800' }],
    [{ id: 1.5 }],
    [{}],
    [null],
    ['a'],
  ])('sets the entry %j aside', (entry) => {
    const page = readPage({ jobs: [entry] }, 'here');
    expect(page.jobs).toEqual([]);
    expect(page.unusable).toEqual([expect.objectContaining({ location: 'here $.jobs[0]' })]);
  });

  it.each([[null], [[]], [{}], [{ jobs: 'x' }], [{ jobs: [], next: 5 }]])(
    'throws SOURCE_INVALID for %j',
    (json) => {
      expect(() => readPage(json, 'here')).toThrow(expect.objectContaining({ code: 'SOURCE_INVALID' }));
    },
  );
});
