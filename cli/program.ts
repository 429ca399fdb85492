import { Command, CommanderError } from 'commander';
import { catalogCommand } from './commands/catalog.ts';
import { checkCommand } from './commands/check.ts';
import { doctorCommand } from './commands/doctor.ts';
import { statusCommand } from './commands/status.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { entityCommand } from './commands/entity.ts';
import { initCommand } from './commands/init.ts';
import { excelCommand } from './commands/excel.ts';
import { lineageCommand } from './commands/lineage.ts';
import { parkedCommand } from './commands/parked.ts';
import { produceCommand } from './commands/produce.ts';
import { schemasCommand } from './commands/schemas.ts';
import { sqlLineageCommand } from './commands/sql-lineage.ts';
import { sinkCommand, transformCommand } from './commands/stage.ts';
import { topicsCommand } from './commands/topics.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { removalsCommand } from './commands/removals.ts';
import { replayCommand } from './commands/replay.ts';
import { schedulesCommand } from './commands/schedules.ts';
import { stateCommand } from './commands/state.ts';
import { runCommand } from './commands/run.ts';
import { typesCommand } from './commands/types.ts';
import { whatIfCommand } from './commands/what-if.ts';
import { ownVersion } from './version.ts';
import { describeFailure, exitCodeOf, exitCodes, note } from './output.ts';

/** Runs the command line. Resolves with the exit code; prints failures to standard error. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done;
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  const program = createProgram(setExitCode);
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

/** The command line with all its commands. `setExitCode` is told what the process is to end with. */
export function createProgram(setExitCode: (code: number) => void): Command {
  return new Command('purview-streams')
    .description(
      'Keeps a data catalogue (Microsoft Purview, Apache Atlas) true to sources that it cannot scan.',
    )
    .version(ownVersion())
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows the options)')
    .addHelpText('after', '\nPages: README.md, docs/configuration.md, docs/replay.md, docs/errors.md')
    .addCommand(runCommand(setExitCode))
    .addCommand(produceCommand(setExitCode))
    .addCommand(transformCommand(setExitCode))
    .addCommand(sinkCommand(setExitCode))
    .addCommand(catalogCommand())
    .addCommand(initCommand())
    .addCommand(checkCommand(setExitCode))
    .addCommand(doctorCommand(setExitCode))
    .addCommand(statusCommand(setExitCode))
    .addCommand(entityCommand())
    .addCommand(excelCommand(setExitCode))
    .addCommand(lineageCommand())
    .addCommand(topicsCommand())
    .addCommand(schemasCommand(setExitCode))
    .addCommand(typesCommand(setExitCode))
    .addCommand(whatIfCommand(setExitCode))
    .addCommand(replayCommand(setExitCode))
    .addCommand(reconcileCommand(setExitCode))
    .addCommand(deadLettersCommand())
    .addCommand(schedulesCommand(setExitCode))
    .addCommand(removalsCommand())
    .addCommand(stateCommand())
    .addCommand(parkedCommand())
    .addCommand(sqlLineageCommand());
}

/** The commands below a command, and those below them. */
export function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
