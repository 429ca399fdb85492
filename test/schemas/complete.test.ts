import { describe, expect, it } from 'vitest';
import { completeEvent } from '../../schemas/complete.ts';

describe('completeEvent()', () => {
  it('takes one value for a list, nothing for an empty one, and numbers for texts', () => {
    const inputs = { type: 'table', name: 7 };
    expect(completeEvent('job', { name: 1, tool: 't', inputs })).toEqual({
      name: '1',
      tool: 't',
      inputs: [{ type: 'table', name: '7' }],
      outputs: [],
    });
    const nodes = { id: 'n', kind: 'sink', columns: { sources: 'a.b', target: 'c' } };
    expect(completeEvent('job-file', { nodes })).toMatchObject({
      nodes: [{ line: 1, inputs: [], dependsOn: [], columns: [{ sources: ['a.b'], target: 'c', line: 1 }] }],
    });
  });

  it('throws EVENT_INVALID, naming the place and what there is, for a field that the event does not have', () => {
    expect(() => completeEvent('job', { inputs: [{ type: 'a', nam: 'b' }] })).toThrow(
      expect.objectContaining({
        code: 'EVENT_INVALID',
        message: 'job.inputs[0] has no field "nam". Its fields are type, name, path, additional.',
      }),
    );
  });
});
