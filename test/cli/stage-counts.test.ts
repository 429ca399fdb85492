import { expect, it } from 'vitest';
import { drainedText, StageCounts } from '../../cli/stage-counts.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';

it('drainedText() tells of what is left by this drain, not of what went with a partition long before', () => {
  const telemetry = createTelemetry();
  const counts = new StageCounts(telemetry);
  telemetry.emit('received', { stage: 'sink', events: 10 });
  telemetry.emit('returned', { stage: 'sink', events: 4 });
  const before = counts.unsettled;
  expect(before).toEqual({ inFlight: 6, returned: 4 });
  for (let settled = 0; settled < 5; settled += 1)
    telemetry.emit('settled', { stage: 'sink', as: 'delivered', producer: 'p' });
  telemetry.emit('returned', { stage: 'sink', events: 1 });
  expect(drainedText(counts, before)).toBe(
    'Drained: of 6 events in flight 5 are settled. 1 are not, and go to the next process.',
  );
});
