import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import type { SchemaRegistry, SchemaVerdict } from '../../platform/events/schema-registry.ts';
import { type PublishedSchema, publishedSchemas } from '../../schemas/codec.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openRegistry } from '../open-registry.ts';
import { exitCodes, print } from '../output.ts';
import { table } from '../table.ts';

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** A schema of ours beside the registry, as `--json` prints it. */
interface Row extends SchemaVerdict {
  readonly subject: string;
  readonly version: number;
}

const exitCodesHelp = `
Exit codes: 0 all can be or are registered, 1 failed, 2 wrong usage or configuration, 3 something is not compatible.
`;

/** `schemas check | register`: the schemas of the events beside those of the registry. */
export function schemasCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('schemas').description(
    'The schemas of the events on the topics, and those that the schema registry has.',
  );
  const add = (name: string, description: string, examples: string): Command =>
    command
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'configuration file', defaultConfigFile)
      .option('--json', 'print JSON, one schema a line')
      .addHelpText('after', `${exitCodesHelp}\nExamples:\n${examples}`);
  add(
    'check',
    'Show of each schema whether it is registered, or may be. Writes nothing.',
    '  purview-streams schemas check\n  purview-streams schemas check --json | jq -r \'select(.state == "incompatible") | .reasons[]\'',
  ).action(async (options: Options) => setExitCode(await check(options)));
  add(
    'register',
    'Register every schema that is missing; nothing, if one of them is not compatible with what the registry has.',
    '  purview-streams schemas register',
  ).action(async (options: Options) => setExitCode(await register(options)));
  return command;
}

async function check(options: Options): Promise<number> {
  const registry = await configuredRegistry(options);
  return show(await verdicts(registry), options);
}

async function register(options: Options): Promise<number> {
  const registry = await configuredRegistry(options);
  const before = await verdicts(registry);
  if (before.some(({ state }) => state === 'incompatible')) return show(before, options);
  for (const schema of writtenSchemas()) await registry.register(schema);
  return show(await verdicts(registry), options);
}

async function configuredRegistry({ config: file }: Options): Promise<SchemaRegistry> {
  const { config } = await loadConfig(file, { withoutSources: true });
  const registry = openRegistry(config.events);
  if (registry !== undefined) return registry;
  throw new StreamError('USAGE', `The framing ${config.events.framing} needs no registry.`, {
    advice: 'Set events.framing to confluent or azure (docs/events.md).',
  });
}

/** The schemas that events on topics are written with; what is remembered of objects stands in no topic that others read. */
function writtenSchemas(): readonly PublishedSchema[] {
  return publishedSchemas().filter(({ isNewest, type }) => isNewest && type !== 'derived-object');
}

async function verdicts(registry: SchemaRegistry): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const schema of writtenSchemas())
    rows.push({
      subject: registry.subjectOf(schema),
      version: schema.version,
      ...(await registry.check(schema)),
    });
  return rows;
}

function show(rows: readonly Row[], { json }: Options): number {
  if (json === true) for (const row of rows) print(JSON.stringify(row));
  else
    print(
      table(
        ['schema', 'version', 'registry', 'id', 'what is different'],
        rows.map(({ subject, version, state, id = '', reasons }) => [
          subject,
          String(version),
          state,
          id,
          reasons.join('; '),
        ]),
      ),
    );
  return rows.some(({ state }) => state === 'incompatible') ? exitCodes.partly : exitCodes.done;
}
