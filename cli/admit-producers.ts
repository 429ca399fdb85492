import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { Configured } from './configured.ts';

const namesSchema = z.looseObject({ producers: z.looseObject({}) });

/**
 * What tells whether events of some producers can be derived here. Rejects with CONFIG_OUTDATED for one that the configuration file
 * has by now, and had not when this process started: what it says has to wait until the process is started again. Events of one that the
 * file does not have (any more) may pass: their producer says everything again when it comes back.
 */
export function admitProducers({
  producers,
  loaded,
}: Configured): (named: ReadonlySet<string>) => Promise<void> {
  return async (named) => {
    const unknown = [...named].filter((name) => !producers.has(name));
    if (unknown.length === 0) return;
    const configured = await namesIn(loaded.file);
    const added = unknown.find((name) => configured.has(name));
    if (added === undefined) return;
    throw new StreamError(
      'CONFIG_OUTDATED',
      `The producer ${added} was added to ${loaded.file} after this process had started.`,
      { advice: 'Start the process again; what the producer says waits until then.' },
    );
  };
}

/** Names of the producers that a configuration file has now. */
async function namesIn(file: string): Promise<ReadonlySet<string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return new Set(); // a file that is gone adds nothing
  }
  try {
    // A pretty error quotes the file, which may hold a password.
    return new Set(
      Object.keys(namesSchema.parse(parse(text, { merge: true, prettyErrors: false })).producers),
    );
  } catch (thrown) {
    throw new StreamError('CONFIG_OUTDATED', `Cannot read what ${file} has become: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: 'Mend it; events of producers that this process does not know wait until then.',
    });
  }
}
