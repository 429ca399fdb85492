import { expect, it } from 'vitest';
import { retentionWarnings } from '../../cli/retention-warnings.ts';
import { configSchema } from '../../pipeline/config.ts';

const blobs = { connectionString: 'b' };
const eventHubs = { kind: 'event-hubs', connectionString: 'c', blobs };

it('retentionWarnings() names producers that say everything anew later than event hubs forget', () => {
  const config = (transport: object) =>
    configSchema.parse({
      transport,
      sink: { kind: 'local' },
      producers: {
        follows: { kind: 'events' },
        daily: { kind: 'events', schedule: '@daily' },
        weekdays: { kind: 'events', schedule: { cron: '0 3 * * 1-5', timezone: 'Europe/Berlin' } },
        weekly: { kind: 'events', schedule: { cron: '@weekly', jitter: 3600 } },
      },
    });
  const warned = (transport: object) => [...retentionWarnings(config(transport), 0).keys()];
  expect(warned(eventHubs)).toEqual(['follows', 'weekly']); // a week and an hour are more than a week
  expect(warned({ ...eventHubs, retentionHours: 24 })).toEqual(['follows', 'weekdays', 'weekly']);
  expect(warned({ kind: 'embedded' })).toEqual([]);
  expect(warned({ kind: 'kafka', brokers: ['a:1'] })).toEqual([]);
  const preset = { kind: 'kafka', preset: 'event-hubs', namespace: 'n.servicebus.windows.net' };
  expect(warned(preset)).toEqual(['follows', 'weekly']);
  expect(warned({ ...preset, retentionHours: 'compacted' })).toEqual([]);
  expect(() => config({ ...eventHubs, retentionHours: 'compacted' })).toThrow(/not compacted/);
  expect(retentionWarnings(config(eventHubs), 0).get('weekly')).toContain('after up to 169 h');
});
