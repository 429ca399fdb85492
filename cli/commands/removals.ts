import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import {
  approveRemovals,
  heldProducers,
  type HeldObject,
  HeldRemovals,
  type HeldScan,
} from '../../pipeline/held-removals.ts';
import { splitInventoryKey } from '../../pipeline/raw-record.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { namedBy } from '../../sinks/purview/dangling.ts';
import type { LogOptions } from '../open-log.ts';
import { openKept, type OpenKept } from '../open-state-store.ts';
import { note, print } from '../output.ts';
import { addStateOptions } from '../state-folder.ts';
import { table } from '../table.ts';

interface Options extends LogOptions {
  readonly json?: boolean;
}

/** `removals list|approve|reject`: what a scan did not find any more, and the threshold held back. */
export function removalsCommand(): Command {
  const command = new Command('removals').description(
    'Removals that were held back, because one scan missed more objects than removalThreshold allows: look at them, then decide.',
  );
  addStateOptions(command.command('list'), 'print JSON, one object a line')
    .argument('[producer]', 'shows every object of this producer')
    .description(
      'List the producers whose removals are held back, or the objects of one, with the assets that name them and would stay.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams removals list\n  purview-streams removals list erp\n  purview-streams removals list erp --json | jq -r .objectId',
    )
    .action(list);
  addStateOptions(command.command('approve'), 'print JSON, one object a line')
    .argument('<producer>', 'name of the producer')
    .description('Emit the removals. What a later scan has found again is not removed.')
    .addHelpText('after', '\nExample:\n  purview-streams removals approve erp')
    .action(approve);
  addStateOptions(command.command('reject'), 'print JSON, one object a line')
    .argument('<producer>', 'name of the producer')
    .description('Forget them: nothing is removed, until a later scan misses the objects again.')
    .addHelpText('after', '\nExample:\n  purview-streams removals reject erp')
    .action(reject);
  return command;
}

async function list(producer: string | undefined, options: Options): Promise<void> {
  await withKept(options, async ({ log, ofProducers }) => {
    if (producer === undefined) return listProducers(ofProducers, options.json === true);
    const { objects } = await heldOf(ofProducers, producer);
    const shown = objects.map(shownObject);
    const named = await namedBy(
      log.transactions.state,
      producer,
      new Set(shown.map(({ objectId }) => objectId)),
    );
    const namesOf = (objectId: string): readonly string[] =>
      (named.get(objectId) ?? []).map(({ qualifiedName }) => qualifiedName);
    if (options.json === true) {
      for (const object of shown)
        print(JSON.stringify({ producer, ...object, namedBy: namesOf(object.objectId) }));
    } else {
      print(
        table(
          ['type', 'object', 'named by'],
          shown.map(({ type, objectId }) => [type, objectId, briefly(namesOf(objectId))]),
        ),
      );
    }
  });
}

async function listProducers(state: StateStore, json: boolean): Promise<void> {
  const rows: (HeldScan & { readonly producer: string })[] = [];
  for (const name of await heldProducers(state)) {
    const scan = await new HeldRemovals(state, name).scan();
    if (scan !== undefined) rows.push({ producer: name, ...scan });
  }
  if (json) for (const row of rows) print(JSON.stringify(row));
  else if (rows.length === 0) print('No removals are held back.');
  else {
    print(
      table(
        ['producer', 'missing', 'known', 'since scan'],
        rows.map(({ producer, missing, known, at }) => [producer, missing, known, at]),
      ),
    );
  }
}

async function approve(producer: string, options: Options): Promise<void> {
  await withKept(options, async ({ log: transport, store, ofProducers }) => {
    const { objects } = await heldOf(ofProducers, producer);
    const removed = await approveRemovals({ transport, store }, producer, new Date());
    const kept = objects.length - removed.length;
    if (options.json === true) print(JSON.stringify({ producer, removed: removed.length, foundAgain: kept }));
    else {
      const rest = kept === 0 ? '' : ` ${kept} were found again meanwhile and stay.`;
      print(`${removed.length} removals of ${producer} are emitted.${rest}`);
      note('What is running takes them to the catalogue; where nothing runs, the next `run` does.');
    }
  });
}

async function reject(producer: string, options: Options): Promise<void> {
  await withKept(options, async ({ ofProducers }) => {
    const { held } = await heldOf(ofProducers, producer);
    const forgotten = await held.clear();
    if (options.json === true) print(JSON.stringify({ producer, rejected: forgotten }));
    else print(`${forgotten} removals of ${producer} are forgotten; the objects stay.`);
  });
}

async function heldOf(
  state: StateStore,
  producer: string,
): Promise<{ readonly held: HeldRemovals; readonly objects: readonly HeldObject[] }> {
  const held = new HeldRemovals(state, producer);
  if ((await held.scan()) !== undefined) return { held, objects: await held.objects() };
  const names = await heldProducers(state);
  throw new StreamError('USAGE', `No removals of ${producer} are held back.`, {
    advice: names.length === 0 ? 'There are none at all.' : `There are some of: ${names.join(', ')}.`,
  });
}

function briefly([first, second, ...rest]: readonly string[]): string {
  const shown = [first, second].filter((name) => name !== undefined).join(', ');
  return rest.length === 0 ? shown : `${shown} and ${rest.length} more`;
}

function shownObject({ key }: HeldObject): { readonly type: string; readonly objectId: string } {
  const [type, objectId] = splitInventoryKey(key);
  return { type, objectId };
}

async function withKept(options: Options, work: (kept: OpenKept) => Promise<void>): Promise<void> {
  const kept = await openKept(options);
  try {
    await work(kept);
  } finally {
    await kept.close();
  }
}
