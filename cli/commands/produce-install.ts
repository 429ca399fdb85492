import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { InstallAction, ProducerSetup } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { note, print } from '../output.ts';

/** Options of `produce` that set something up in a source. */
export interface InstallOptions {
  readonly install?: boolean;
  readonly uninstall?: boolean;
  readonly dropSlot?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** What the options ask for; undefined for a run. Throws USAGE for options that do not go together. */
export function installAction(options: InstallOptions): InstallAction | undefined {
  const { install, uninstall, dropSlot, dryRun, yes } = options;
  const actions: readonly InstallAction[] = [
    ...(install === true ? (['install'] as const) : []),
    ...(uninstall === true ? (['uninstall'] as const) : []),
    ...(dropSlot === true ? (['drop-slot'] as const) : []),
  ];
  if (actions.length > 1)
    throw new StreamError('USAGE', 'Give one of --install, --uninstall and --drop-slot, not several.');
  const [action] = actions;
  if (action === undefined && (dryRun === true || yes === true))
    throw new StreamError('USAGE', '--dry-run and --yes go with --install, --uninstall or --drop-slot.');
  return action;
}

/**
 * Prints what would be set up in (or removed from) the source of a producer, asks on a terminal, and does it. Without a terminal it only
 * prints, unless `--yes` is given. Rejects with USAGE for a producer that has nothing to install.
 */
export async function installIn(work: {
  readonly name: string;
  readonly setup: ProducerSetup | undefined;
  readonly action: InstallAction;
  readonly options: InstallOptions;
}): Promise<void> {
  const { name, setup, action, options } = work;
  const installer = setup?.installer;
  if (installer?.actions.includes(action) !== true) {
    throw new StreamError('USAGE', `There is nothing to ${action} for the producer ${name}.`, {
      advice:
        'Only producers of kind postgres and sql-server have it; replication slots, only those of kind postgres.',
    });
  }
  print(installer.script(action));
  if (options.dryRun === true) return;
  if (options.yes !== true && !(await isWanted(`Run this in ${installer.where}?`))) {
    note('Nothing was changed. --yes runs it without a question.');
    return;
  }
  await installer.run(action, AbortSignal.timeout(60_000));
  note(`${name}: ${action === 'install' ? 'installed' : 'removed'} in ${installer.where}.`);
}

/** Asks on the terminal; without one, the answer is no. */
async function isWanted(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
