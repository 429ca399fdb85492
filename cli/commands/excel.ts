import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { writeXlsx } from '../../platform/xlsx/write-xlsx.ts';
import { apiDocument } from '../../producers/excel/api-json.ts';
import { templateLayout } from '../../producers/excel/layout.ts';
import { problemText } from '../../producers/excel/problems.ts';
import { readWorkbook } from '../../producers/excel/read-workbook.ts';
import { csvOf, templateSheets } from '../../producers/excel/template.ts';
import { CatalogReader } from '../catalog-reader.ts';
import { givenWorkbook, readSoundWorkbook, type WorkbookOptions } from '../excel/given-workbook.ts';
import { applyWorkbookTypes, planWorkbookTypes } from '../excel/workbook-types.ts';
import { defaultConfigFile } from '../load-config.ts';
import { exitCodes, note, print } from '../output.ts';

interface JsonOptions extends WorkbookOptions {
  readonly json?: boolean;
}

interface TypesOptions extends JsonOptions {
  readonly apply?: boolean;
  readonly state?: string;
}

/** `excel template|check|convert|types`: workbooks that people fill in. */
export function excelCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('excel').description(
    'Workbooks that people fill in: an empty one, what is wrong with one, and what one means (docs/excel.md).',
  );
  addTemplate(command);
  const add = (name: string, description: string, help: string): Command =>
    command
      .command(name)
      .description(description)
      .argument('[workbook]', 'the .xlsx file, or a folder of CSV files named as its sheets')
      .option(
        '-c, --config <file>',
        'configuration file, for --producer and the catalogue',
        defaultConfigFile,
      )
      .option(
        '-p, --producer <name>',
        'take the settings of this producer, and its workbook if none is named',
      )
      .addHelpText('after', help);
  add('check', 'Show everything that is wrong with a workbook, cell by cell. Connects to nothing.', checkHelp)
    .option('--json', 'print JSON, one problem a line')
    .action(async (file: string | undefined, options: JsonOptions) => {
      setExitCode(await check(file, options));
    });
  add('convert', 'Print what a workbook means, as the interface of the catalogue takes it.', convertHelp)
    .option('--json', 'print one JSON object: {"entities", "typedefs"}')
    .action(convert);
  add('types', 'Show which types of a workbook the catalogue lacks; with --apply, create them.', typesHelp)
    .option('--apply', 'create what is missing, and add what can be added')
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--json', 'print JSON, one difference a line')
    .action(async (file: string | undefined, options: TypesOptions) => {
      setExitCode(await types(file, options));
    });
  return command;
}

const checkHelp = `
Exit codes: 0 nothing is wrong, 1 the workbook cannot be read, 3 it has errors.

Examples:
  purview-streams excel check assets.xlsx
  purview-streams excel check assets.xlsx --json | jq -r '.cell'
  purview-streams excel check --producer book`;

const convertHelp = `
Without --json, it prints how many entities there are of each type.

Examples:
  purview-streams excel convert assets.xlsx
  purview-streams excel convert assets.xlsx --json | jq .typedefs`;

const typesHelp = `
Exit codes: 0 nothing is unsafe, 1 failed, 2 the configuration is wrong, 3 something is unsafe, and nothing was applied.

Examples:
  purview-streams excel types assets.xlsx            # shows the difference
  purview-streams excel types assets.xlsx --apply    # before the first run`;

function addTemplate(command: Command): void {
  command
    .command('template')
    .description('Write an empty workbook to be filled in, or a folder of CSV files.')
    .argument('<file>', 'NAME.xlsx for a workbook, any other name for a folder of CSV files')
    .option('--all', 'also the older sheets TablesLineage and FineGrainColumnLineage')
    .option('-c, --config <file>', 'configuration file, for --producer', defaultConfigFile)
    .option('-p, --producer <name>', 'name sheets and columns as this producer has them')
    .option('--force', 'write over files that are there')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams excel template assets.xlsx\n  purview-streams excel template assets --all    # CSV files in the folder assets',
    )
    .action(template);
}

async function template(
  file: string,
  options: WorkbookOptions & { readonly all?: boolean; readonly force?: boolean },
): Promise<void> {
  const layout =
    options.producer === undefined ? templateLayout : (await givenWorkbook(file, options)).layout;
  const sheets = templateSheets(layout, options.all === true);
  const write = (name: string, content: string | Buffer) => writeNew(name, content, options.force === true);
  if (file.toLowerCase().endsWith('.xlsx')) return write(file, writeXlsx(sheets));
  await mkdir(file, { recursive: true });
  // A byte order mark: without it, Excel takes letters beyond ASCII for others.
  for (const sheet of sheets) await write(path.join(file, `${sheet.name}.csv`), `\uFEFF${csvOf(sheet)}`);
}

async function writeNew(file: string, content: string | Buffer, force: boolean): Promise<void> {
  try {
    await writeFile(file, content, { flag: force ? 'w' : 'wx' });
  } catch (thrown) {
    const isThere = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
    if (!isThere) throw new StreamError('USAGE', `${file} cannot be written.`, { cause: thrown });
    throw new StreamError('USAGE', `${file} is there already.`, { advice: 'Use --force to write over it.' });
  }
  print(`wrote ${file}`);
}

async function check(given: string | undefined, options: JsonOptions): Promise<number> {
  const { file, layout } = await givenWorkbook(given, options);
  const { entities, types, problems } = await readWorkbook(file, layout);
  for (const problem of problems)
    print(
      options.json === true
        ? JSON.stringify(problem)
        : `${problem.severity.padEnd(7)}  ${problemText(problem)}`,
    );
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const typeCount = types.entityDefs.length + types.classificationDefs.length;
  note(
    `${file}: ${entities.length} entities and ${typeCount} types are right; ${errors} errors, ${problems.length - errors} warnings.`,
  );
  return errors > 0 ? exitCodes.partly : exitCodes.done;
}

async function convert(given: string | undefined, options: JsonOptions): Promise<void> {
  const workbook = await readSoundWorkbook(await givenWorkbook(given, options));
  if (options.json === true) {
    print(JSON.stringify(apiDocument(workbook), undefined, 2));
    return;
  }
  const counts = new Map<string, number>();
  for (const { typeName } of workbook.entities) counts.set(typeName, (counts.get(typeName) ?? 0) + 1);
  for (const [typeName, count] of counts) print(`${String(count).padStart(6)}  ${typeName}`);
  const { entityDefs, classificationDefs } = workbook.types;
  note(`It defines ${entityDefs.length} entity types and ${classificationDefs.length} classifications.`);
}

async function types(given: string | undefined, options: TypesOptions): Promise<number> {
  const workbook = await readSoundWorkbook(await givenWorkbook(given, options));
  const catalog = await CatalogReader.open(options);
  try {
    const plan = await planWorkbookTypes(workbook.types, catalog);
    for (const one of plan.differences)
      print(
        options.json === true ? JSON.stringify(one) : `${one.verdict.padEnd(6)}  ${one.type}: ${one.detail}`,
      );
    if (plan.differences.length === 0) note('The catalogue has every type of the workbook.');
    if (plan.differences.some(({ verdict }) => verdict === 'unsafe')) return exitCodes.partly;
    if (options.apply === true) await applyWorkbookTypes(plan, catalog);
    else if (plan.differences.length > 0) note('Nothing was written: --apply does it.');
    return exitCodes.done;
  } finally {
    await catalog.close();
  }
}
