import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { nextTime } from './timetable.ts';

const cron = z
  .string()
  .describe(
    'When: the five fields of cron (minute, hour, day of month, month, day of week), such as `15 3 * * *`, or `@hourly`, `@daily`, `@weekly`, `@monthly`.',
  );

const section = z.strictObject({
  cron,
  timezone: z
    .string()
    .default('UTC')
    .describe(
      'Time zone of these times, by its IANA name: `Europe/Berlin`. Daylight saving time is followed.',
    ),
  jitter: z
    .number()
    .min(0)
    .max(86_400)
    .default(0)
    .describe('Seconds over which runs are spread, so that not all sources are read at once.'),
  missed: z
    .enum(['run', 'skip'])
    .default('run')
    .describe(
      'What becomes of a run whose time passed while no process was there. run: once, as soon as one is; also the first time ever. skip: the next time that comes.',
    ),
});

/** `schedule` of a producer. */
export const scheduleSchema = z
  .preprocess((value) => (typeof value === 'string' ? { cron: value } : value), section)
  .superRefine(({ cron: pattern, timezone }, context) => {
    try {
      if (nextTime({ cron: pattern, timezone }, Date.now()) !== undefined) return;
      context.addIssue({ code: 'custom', path: ['cron'], message: 'there is no such time' });
    } catch (thrown) {
      const isZone = /time ?zone/iu.test(messageOf(thrown));
      context.addIssue({
        code: 'custom',
        path: [isZone ? 'timezone' : 'cron'],
        message: isZone ? 'is no time zone that is known here' : messageOf(thrown).replace(/^Cron\w*: /u, ''),
      });
    }
  })
  .describe(
    'Reads the source at these times instead of following its changes; docs/scheduling.md. A text is short for `cron`. `--once` reads it now all the same.',
  );
