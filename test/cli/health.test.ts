import { beforeEach, describe, expect, it } from 'vitest';
import { HealthWatch } from '../../cli/health.ts';
import { createTelemetry, type Telemetry } from '../../pipeline/telemetry.ts';

const minute = 60_000;

describe('HealthWatch', () => {
  let telemetry: Telemetry;
  let watch: HealthWatch;
  let now: number;
  beforeEach(() => {
    telemetry = createTelemetry();
    now = 5_000_000;
    watch = new HealthWatch(telemetry, () => now);
  });
  const state = (): string => watch.health.state;
  const take = (events: number): void => telemetry.emit('received', { stage: 'sink', events });
  const settle = (): void => telemetry.emit('settled', { stage: 'sink', as: 'delivered', producer: 'p' });
  const waiting = (): void =>
    telemetry.emit('sinkWaiting', { code: 'CATALOG_UNAVAILABLE', message: 'No.', waitMs: 1000 });

  it('is ok while nothing is to be done, however long', () => {
    now += 1000 * minute;
    expect(watch.health).toEqual({ state: 'ok', detail: '0 events in flight' });
    take(1);
    expect(state()).toBe('ok');
    settle();
    now += 1000 * minute;
    expect(state()).toBe('ok');
  });

  it('is slow after a minute without anything settled, stuck after ten, and ok as soon as something is', () => {
    take(5);
    now += minute - 1;
    expect(state()).toBe('ok');
    now += 1;
    expect(watch.health).toEqual({ state: 'slow', detail: '5 events in flight, nothing settled for 60 s' });
    now += 9 * minute;
    expect(state()).toBe('stuck');
    settle();
    expect(state()).toBe('ok');
    now += minute;
    expect(state()).toBe('slow');
    telemetry.emit('returned', { stage: 'sink', events: 4 });
    now += 20 * minute;
    expect(state()).toBe('ok');
  });

  it('waits, and is never stuck, as long as it is heard what it waits for', () => {
    take(5);
    for (let tries = 0; tries < 30; tries += 1) {
      waiting();
      now += minute;
    }
    expect(watch.health).toEqual({
      state: 'waiting',
      detail:
        'sink has met CATALOG_UNAVAILABLE for 1800 s and tries again; 5 events in flight, nothing settled for 1800 s',
    });
    now += 2 * minute; // it should have tried again by now
    expect(state()).toBe('stuck');
    telemetry.emit('paced', { refused: undefined, perSecond: 1, inFlight: 1, waiting: 0 });
    settle();
    expect(state()).toBe('ok');
  });

  it('is draining from then on', () => {
    watch.drain();
    take(1);
    expect(state()).toBe('draining');
  });
});
