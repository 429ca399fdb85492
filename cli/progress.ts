import process from 'node:process';
import { refKey } from '../pipeline/derive/keys.ts';
import type { Telemetry } from '../pipeline/telemetry.ts';
import type { LogFormat } from './json-log.ts';
import { note, sendNotes } from './output.ts';

/** Milliseconds between two updates of the line. */
const everyMs = 200;

/** Tells on standard error what goes on, as lines for people or as JSON; what is noted beside it and after it too. Returns the function that ends it. */
export async function startLog(telemetry: Telemetry, format: LogFormat = 'text'): Promise<() => void> {
  if (format === 'text') {
    sendNotes(undefined);
    return showProgress(telemetry);
  }
  const { createJsonLog, logEvents } = await import('./json-log.ts');
  const log = createJsonLog();
  sendNotes((text) => log.info({ event: 'note' }, text.trim()));
  return logEvents(telemetry, log);
}

/**
 * Shows on standard error how far a run is: one line that updates itself on a terminal, the events of producers as lines
 * elsewhere; problems are lines in both. Returns the function that ends it.
 */
function showProgress(telemetry: Telemetry): () => void {
  const counts = { received: 0, settled: 0 };
  const scanning = new Set<string>();
  const terminal = process.stderr.isTTY;
  const clear = (): void => {
    if (terminal) process.stderr.write('\r\u001B[2K');
  };
  const off = [
    telemetry.on('scanStarted', ({ producer }) => scanning.add(producer)),
    telemetry.on('scanCompleted', ({ producer }) => scanning.delete(producer)),
    telemetry.on('received', ({ events }) => {
      counts.received += events;
    }),
    telemetry.on('settled', () => {
      counts.settled += 1;
    }),
    ...sayWhatHappens(telemetry, (text) => {
      clear();
      note(text);
    }),
  ];
  const draw = (): void => {
    const reading = scanning.size > 0 ? `, reading ${[...scanning].join(', ')}` : '';
    process.stderr.write(`\r\u001B[2K${counts.settled} of ${counts.received} events settled${reading}`);
  };
  const timer = terminal ? setInterval(draw, everyMs).unref() : undefined; // a line is no reason to stay
  return () => {
    clearInterval(timer);
    clear();
    for (const stop of off) stop();
  };
}

/** Says when a producer runs next, once for each time. */
function sayTimes(telemetry: Telemetry, say: (text: string) => void): readonly (() => void)[] {
  const said = new Map<string, number | undefined>();
  return [
    telemetry.on('scheduled', ({ producer, atMs }) => {
      if (said.has(producer) && said.get(producer) === atMs) return;
      said.set(producer, atMs);
      say(`${producer}: runs next ${atMs === undefined ? 'never' : `at ${new Date(atMs).toISOString()}`}`);
    }),
  ];
}

/** Names that one line shows at the most. */
const mostNamed = 5;
/** Lines of one kind in a row that are written one by one; thousands of them would bury all others. */
const mostInRow = 10;
/** They are in a row with less than so many milliseconds in between. */
const inRowMs = 60_000;

/** Says what comes in rows: the first ones of each kind, and then once that there is more. */
function inRows(say: (text: string) => void): (kind: string, text: string, more: string) => void {
  const rows = new Map<string, { readonly count: number; readonly at: number }>();
  return (kind, text, more) => {
    const at = performance.now();
    const last = rows.get(kind);
    const count = last !== undefined && at - last.at < inRowMs ? last.count + 1 : 1;
    rows.set(kind, { count, at });
    if (count <= mostInRow) say(count < mostInRow ? text : more);
  };
}

/** Says what removals wait for, and what they leave behind. */
function sayRemovals(telemetry: Telemetry, say: (text: string) => void): readonly (() => void)[] {
  const sayInRow = inRows(say);
  return [
    telemetry.on('removalsHeldBack', ({ producer, missing, known }) => {
      say(
        `${producer}: ${missing} of ${known} objects are missing; nothing is removed: \`removals list ${producer}\` shows them, \`removals approve|reject ${producer}\` decides (docs/replay.md)`,
      );
    }),
    telemetry.on('removalsUnknown', ({ producer, missing, known, rejected }) => {
      const objects = rejected === 1 ? '1 object' : `${rejected} objects`;
      say(
        `${producer}: ${missing} of ${known} known objects are missing; nothing is removed while ${objects} cannot be read: \`dead-letters list\` names what (docs/replay.md)`,
      );
    }),
    telemetry.on('removalDangles', ({ producer, root, referring }) => {
      const names = referring.slice(0, mostNamed).map(({ qualifiedName }) => qualifiedName);
      const more = referring.length > mostNamed ? ` and ${referring.length - mostNamed} more` : '';
      sayInRow(
        producer,
        `${producer}: ${root.qualifiedName} is removed, and ${names.join(', ')}${more} still ${referring.length === 1 ? 'refers' : 'refer'} to it`,
        // Where many go at once, most of what refers to them goes as well, a moment later.
        `${producer}: more of what is removed is referred to; \`--log json\` tells of each`,
      );
    }),
    telemetry.on('renameRefused', ({ producer, root, from, reason }) => {
      const what = refKey(root) === refKey(from) ? `parts of ${root.qualifiedName}` : from.qualifiedName;
      say(
        `${producer}: the catalogue does not take the new name of ${what} (${reason}): ${root.qualifiedName} is made anew, without what people have added`,
      );
    }),
  ];
}

function sayWhatHappens(telemetry: Telemetry, say: (text: string) => void): readonly (() => void)[] {
  const missingTypes = new Set<string>();
  const sayInRow = inRows(say);
  return [
    telemetry.on('scanCompleted', ({ producer, objects, published, rejected, removed }) => {
      if (published + rejected + removed === 0) return;
      say(
        `${producer}: read ${objects} objects, ${published} published, ${removed} removed, ${rejected} rejected`,
      );
    }),
    telemetry.on('changeCompleted', ({ producer, published, rejected, removed }) => {
      if (published + rejected + removed === 0) return;
      say(`${producer}: changed: ${published} published, ${removed} removed, ${rejected} rejected`);
    }),
    telemetry.on('following', ({ producer, how }) => say(`${producer}: follows changes by ${how}`)),
    telemetry.on('standsBy', ({ producer }) =>
      say(`${producer}: another process reads it; this one stands by`),
    ),
    telemetry.on('scanFailed', ({ producer, code, message, retryInMs }) => {
      say(
        `${producer}: ${message} (${code})${retryInMs === undefined ? '' : `; trying again in ${retryInMs / 1000} s`}`,
      );
    }),
    ...sayTimes(telemetry, say),
    ...sayRemovals(telemetry, say),
    telemetry.on('deadLettered', ({ producer = 'unknown', code, message, id }) => {
      sayInRow(
        `${producer} ${code}`,
        `${producer}: dead letter ${id}: ${message} (${code})`,
        `${producer}: more dead letters of ${code}: \`dead-letters list --code ${code}\` shows all`,
      );
    }),
    telemetry.on('stageWaiting', ({ stage, code, message, waitMs }) => {
      say(`${stage}: ${message} (${code}); trying again in ${waitMs / 1000} s`);
    }),
    telemetry.on('parked', ({ wanted }) => {
      for (const type of wanted.types) {
        if (missingTypes.has(type)) continue;
        missingTypes.add(type);
        say(`sink: the catalogue has no type ${type}; its changes are parked (\`parked list\` shows them)`);
      }
    }),
    telemetry.on('sinkWaiting', ({ code, message, waitMs }) => {
      say(`sink: ${message} (${code}); trying again in ${waitMs / 1000} s`);
    }),
  ];
}
