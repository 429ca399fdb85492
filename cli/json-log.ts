import process from 'node:process';
import { type Logger, pino } from 'pino';
import type { Telemetry, TelemetryEventName, TelemetryEvents } from '../pipeline/telemetry.ts';

/** How standard error is written: lines for people, or JSON, one object a line. */
export type LogFormat = 'text' | 'json';

/** Makes a logger of JSON lines on standard error: time (ISO 8601), level (its name), event, msg, and the fields of the event. */
export function createJsonLog(): Logger {
  return pino(
    {
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => process.stderr.write(line) },
  );
}

type Level = 'info' | 'warn' | 'error';

/** What is logged of each event; those that come for every event of a topic are counted by /metrics instead. */
const logged: {
  readonly [N in TelemetryEventName]?: (event: TelemetryEvents[N]) => readonly [Level, string];
} = {
  scanStarted: () => ['info', 'reading'],
  scanCompleted: () => ['info', 'read'],
  changeCompleted: () => ['info', 'changed'],
  following: () => ['info', 'following'],
  standsBy: () => ['info', 'another process has the producer'],
  scanFailed: ({ message, retryInMs }) => [retryInMs === undefined ? 'error' : 'warn', message],
  removalsHeldBack: () => ['warn', 'removals are held back'],
  removalsUnknown: () => ['warn', 'nothing is removed while objects cannot be read'],
  commitRefused: () => ['warn', 'the partition is in other hands by now'],
  parked: ({ message }) => ['info', message],
  deadLettered: ({ message }) => ['error', message],
  stageWaiting: ({ message }) => ['warn', message],
  sinkWaiting: ({ message }) => ['warn', message],
};

/** Logs what telemetry says. Returns the function that ends it. */
export function logEvents(telemetry: Telemetry, log: Logger): () => void {
  const listen = (name: TelemetryEventName): (() => void) => {
    // Which of the functions belongs to which event, the table above has checked.
    const describe = logged[name] as ((event: unknown) => readonly [Level, string]) | undefined;
    if (describe === undefined) return () => undefined;
    return telemetry.on(name, (event) => {
      const [level, text] = describe(event);
      // The text is `msg`; the event's own message would say it twice.
      const fields = Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'message'));
      log[level]({ event: name, ...fields }, text);
    });
  };
  const names = Object.keys(logged) as readonly TelemetryEventName[];
  const off = [...names.map((name) => listen(name)), logTimes(telemetry, log)];
  return () => {
    for (const stop of off) stop();
  };
}

/** When a producer runs next, once for each time. */
function logTimes(telemetry: Telemetry, log: Logger): () => void {
  const said = new Map<string, number | undefined>();
  return telemetry.on('scheduled', ({ producer, atMs }) => {
    if (said.has(producer) && said.get(producer) === atMs) return;
    said.set(producer, atMs);
    log.info(
      { event: 'scheduled', producer, at: atMs === undefined ? null : new Date(atMs).toISOString() },
      'scheduled',
    );
  });
}
