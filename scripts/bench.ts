/** `npm run bench`: compiles the benchmarks, with all that they measure, and runs them: figures are those of what the package ships. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { build } from '../test/support/build-cli.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'purview-streams-bench-'));
const ignore = (): void => undefined;
process.on('SIGINT', ignore); // the terminal sends it to both; the benchmarks end of it, and their files are removed then
try {
  const main = path.join(await build(folder), 'bench/run.js');
  const child = spawn(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
