import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Root of the project. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<CommandResult>;
}

/** Starts a program as a user's shell would. */
export function start(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Whether its standard input is a pipe that the test writes to. @default false */
    readonly keys?: boolean;
  } = {},
): RunningCommand {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: [options.keys === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  const ended = once(child, 'close').then(
    ([code]): CommandResult => ({ code: typeof code === 'number' ? code : null, ...printed }),
  );
  return { child, output: () => ({ ...printed }), ended };
}

/** Environment variable that names the folder of the compiled program of a test run. */
export const compiledFolder = 'PURVIEW_STREAMS_TEST_BUILD';

/** A file of the compiled program, whose name is as in the project. */
export function compiled(file: string): string {
  const folder = process.env[compiledFolder];
  if (folder === undefined) throw new Error('The program is compiled before a test run, by vitest.');
  return path.join(folder, file);
}

/** A folder that a test run deletes at its end, for what its files share. */
export function folderOfRun(): string {
  return path.dirname(compiled(''));
}

/** Runs `purview-streams`. */
export function cli(
  args: readonly string[],
  options: Parameters<typeof start>[2] = {},
): Promise<CommandResult> {
  return startCli(args, options).ended;
}

/** Starts `purview-streams`: compiled as the package has it, its modules joined, which starts in a sixth of the time that the sources take. */
export function startCli(args: readonly string[], options: Parameters<typeof start>[2] = {}): RunningCommand {
  return start(process.execPath, [compiledMain(), ...args], options);
}

/** `purview-streams` as a function of a shell, for commands as a page has them. */
export function shellFunction(): string {
  return `purview-streams() { '${process.execPath}' '${compiledMain()}' "$@"; }`;
}

const compiledMain = (): string => compiled('cli/main.js');

/** Starts a script of the project from its source. */
export function startScript(
  script: string,
  args: readonly string[],
  options: Parameters<typeof start>[2] = {},
): RunningCommand {
  const loader = fileURLToPath(import.meta.resolve('tsx'));
  return start(process.execPath, ['--import', loader, script, ...args], options);
}
