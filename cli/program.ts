import { Command, CommanderError } from 'commander';
import { ownVersion } from './version.ts';
import { describeFailure, exitCodeOf, exitCodes, note } from './output.ts';

type BuildCommand = (setExitCode: (code: number) => void) => Command;

/** The commands in the order of the help. Each is loaded when it is needed: what all of them use takes a second to load. */
const commands: Readonly<Record<string, () => Promise<BuildCommand>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  produce: async () => (await import('./commands/produce.ts')).produceCommand,
  transform: async () => (await import('./commands/stage.ts')).transformCommand,
  sink: async () => (await import('./commands/stage.ts')).sinkCommand,
  catalog: async () => (await import('./commands/catalog.ts')).catalogCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  entity: async () => (await import('./commands/entity.ts')).entityCommand,
  excel: async () => (await import('./commands/excel.ts')).excelCommand,
  lineage: async () => (await import('./commands/lineage.ts')).lineageCommand,
  topics: async () => (await import('./commands/topics.ts')).topicsCommand,
  schemas: async () => (await import('./commands/schemas.ts')).schemasCommand,
  types: async () => (await import('./commands/types.ts')).typesCommand,
  'what-if': async () => (await import('./commands/what-if.ts')).whatIfCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  reconcile: async () => (await import('./commands/reconcile.ts')).reconcileCommand,
  'dead-letters': async () => (await import('./commands/dead-letters.ts')).deadLettersCommand,
  schedules: async () => (await import('./commands/schedules.ts')).schedulesCommand,
  removals: async () => (await import('./commands/removals.ts')).removalsCommand,
  state: async () => (await import('./commands/state.ts')).stateCommand,
  parked: async () => (await import('./commands/parked.ts')).parkedCommand,
  'sql-lineage': async () => (await import('./commands/sql-lineage.ts')).sqlLineageCommand,
};

/** The commands that an invocation may need: the one that it names, or all where it names none. */
function neededFor([first = '']: readonly string[]): readonly string[] {
  if (first === '--version' || first === '-V') return [];
  return Object.hasOwn(commands, first) ? [first] : Object.keys(commands);
}

/** Runs the command line. Resolves with the exit code; prints failures to standard error. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done;
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  const program = await createProgram(setExitCode, neededFor(argv));
  for (const command of allCommands(program)) command.exitOverride().copyInheritedSettings(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    note(`error: ${describeFailure(thrown)}`);
    return exitCodeOf(thrown);
  }
  return exitCode;
}

/** The command line with its commands, or some of them. `setExitCode` is told what the process is to end with. */
export async function createProgram(
  setExitCode: (code: number) => void,
  names: readonly string[] = Object.keys(commands),
): Promise<Command> {
  const program = new Command('purview-streams')
    .description(
      'Keeps a data catalogue (Microsoft Purview, Apache Atlas) true to sources that it cannot scan.',
    )
    .version(ownVersion())
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows the options)')
    .addHelpText('after', '\nPages: README.md, docs/configuration.md, docs/replay.md, docs/errors.md');
  for (const name of names) {
    const build = await commands[name]?.();
    if (build !== undefined) program.addCommand(build(setExitCode));
  }
  return program;
}

/** The commands below a command, and those below them. */
export function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
