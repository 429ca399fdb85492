import { expect, it } from 'vitest';
import { createTelemetry, settlements, type TelemetryEventName } from '../../pipeline/telemetry.ts';

/** The names that adapters rely on. A Record, so that the compiler misses none. */
const names: Readonly<Record<TelemetryEventName, true>> = {
  scanStarted: true,
  scanCompleted: true,
  changeCompleted: true,
  following: true,
  standsBy: true,
  sourceBehind: true,
  scanFailed: true,
  scheduled: true,
  removalsHeldBack: true,
  removalsUnknown: true,
  removalDangles: true,
  renameRefused: true,
  received: true,
  settled: true,
  returned: true,
  commitRefused: true,
  unparked: true,
  parked: true,
  applied: true,
  deadLettered: true,
  stageWaiting: true,
  paced: true,
  sinkWaiting: true,
};

it('createTelemetry() knows exactly the pinned events', () => {
  const telemetry = createTelemetry();
  const heard: string[] = [];
  for (const name of Object.keys(names) as TelemetryEventName[]) telemetry.on(name, () => heard.push(name));
  telemetry.emit('scanStarted', { producer: 'p' });
  telemetry.emit('received', { stage: 'sink', events: 1 });
  telemetry.emit('sinkWaiting', { code: 'CATALOG_THROTTLED', message: 'm', waitMs: 1 });
  expect(heard).toEqual(['scanStarted', 'received', 'sinkWaiting']);
  expect(settlements).toEqual([
    'delivered',
    'unchanged',
    'superseded',
    'filtered',
    'parked',
    'dead-lettered',
  ]);
});

it('on() returns what removes the listener', () => {
  const telemetry = createTelemetry();
  let heard = 0;
  const off = telemetry.on('scanStarted', () => {
    heard += 1;
  });
  telemetry.emit('scanStarted', { producer: 'p' });
  off();
  telemetry.emit('scanStarted', { producer: 'p' });
  expect(heard).toBe(1);
});
