import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { producers } from '../../producers/index.ts';
import { completed, readAnswers } from '../init/given-answers.ts';
import { readSample } from '../init/read-sample.ts';
import { type Answers, type Asking, routeOf } from '../init/questions.ts';
import { ownKind } from '../init/routes.ts';
import { filesOf } from '../init/write-config.ts';
import type { NewFile } from '../init/write-plugin.ts';
import { note, print } from '../output.ts';

interface Options {
  readonly answers?: string;
  readonly sample?: string;
  readonly force?: boolean;
}

/** `init`: a configuration, and where code is needed a producer with its test, from a few questions. */
export function initCommand(): Command {
  return new Command('init')
    .description(
      'Ask what there is, and write a configuration that runs at once; for a source that nothing fits, a producer of your own with its test too.',
    )
    .argument('[folder]', 'where the files are written', '.')
    .option('--sample <file|url>', "propose types, attributes and names from a sample of the source's JSON")
    .option('--answers <file>', 'take the answers from a file (YAML: id: answer), and ask nothing')
    .option('--force', 'write over files that are there')
    .addHelpText(
      'after',
      `
Why it asks what it asks: docs/planning.md.

Examples:
  purview-streams init                             # questions at the terminal
  purview-streams init tool --sample reply.json    # what a reply of the tool's API suggests
  purview-streams init erp --answers answers.yaml  # without a terminal`,
    )
    .action(init);
}

async function init(folder: string, options: Options): Promise<void> {
  const sample =
    options.sample === undefined ? undefined : await readSample(options.sample, AbortSignal.timeout(60_000));
  const asking: Asking = { kinds: Object.keys(producers), proposal: sample?.proposal };
  const answers = await answered(asking, options);
  const route = routeOf(answers, asking);
  if (route === undefined) throw new TypeError('The questions lead nowhere.');
  const files = filesOf(route, answers, sample);
  await writeAll(folder, files, options.force === true);
  for (const { name } of files) print(`wrote ${path.join(folder, name)}`);
  const config = path.join(folder, files[0]?.name ?? '');
  note(`\nNext:\n  purview-streams check -c ${config}\n  purview-streams run --once -c ${config}`);
  if (route.kind === ownKind)
    note(
      `It runs on the sample data as it is. To read the source itself, change \`read\` in ${path.join(folder, files[2]?.name ?? '')}.`,
    );
}

async function answered(asking: Asking, { answers: file }: Options): Promise<Answers> {
  if (file !== undefined) return completed(await readAnswers(file), asking, file);
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new StreamError('USAGE', 'There is no terminal to ask at.', {
      advice: 'Give the answers with --answers FILE (YAML, `id: answer`); docs/planning.md lists the ids.',
    });
  const { askAll } = await import('../init/ask.ts');
  return askAll(asking, {});
}

async function writeAll(folder: string, files: readonly NewFile[], isForced: boolean): Promise<void> {
  for (const { name } of isForced ? [] : files) {
    const file = path.join(folder, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere)
      throw new StreamError('USAGE', `${file} is there already; nothing was written.`, {
        advice: 'Name another folder, or write over it with --force.',
      });
  }
  await mkdir(folder, { recursive: true });
  for (const { name, text } of files) await writeFile(path.join(folder, name), text);
}
