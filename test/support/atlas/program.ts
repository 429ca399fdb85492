/**
 * The program of a real Apache Atlas: 2.1.0, the newest server that Maven Central has. It is fetched once (310 MB), by `mvn`, and kept outside the
 * work tree. As a script, this file fetches it and ends.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const version = '2.1.0';
const tools = ['java', 'javac', 'jar', 'mvn'] as const;

/** What is missing here to start one; empty where nothing is. */
export function missingTools(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return tools.filter((tool) => !folders.some((folder) => existsSync(path.join(folder, tool))));
}

/** The folder with the server's program: fetched and unpacked the first time. */
export async function fetchAtlas(say: (text: string) => void): Promise<string> {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'purview-streams');
  const app = path.join(cache, `atlas-${version}`);
  if (existsSync(app)) return app;
  say(`fetching Apache Atlas ${version} from Maven Central (310 MB, once)`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(cache, 'fetching-'));
  try {
    await unpack(work);
    await rename(work, app);
  } catch (thrown) {
    await rm(work, { recursive: true, force: true });
    if (!existsSync(app)) throw thrown; // else somebody else was faster
  }
  return app;
}

async function unpack(work: string): Promise<void> {
  const ours = path.join(work, 'ours');
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${ours}`];
  // In a repository of its own: another Maven may be at work in the common one, and the archive need not be kept twice.
  const repository = path.join(work, 'repository');
  await run('mvn', ['-q', '-B', `-Dmaven.repo.local=${repository}`, '-f', here('pom.xml'), ...copy]);
  await rm(repository, { recursive: true });
  const web = path.join(work, 'webapp');
  await mkdir(web);
  const war = path.join(ours, `atlas-webapp-${version}.war`);
  await run('jar', ['xf', war], { cwd: web });
  await rm(war);
  const lib = path.join(web, 'WEB-INF', 'lib');
  for (const name of await readdir(lib)) {
    if (/^groovy-.*2\.5\.7/.test(name)) await rm(path.join(lib, name));
    if (name.startsWith('atlas-testtools-'))
      await run('jar', ['xf', path.join(lib, name), 'solr'], { cwd: work });
  }
  await run('javac', ['-d', ours, here('Start.java')]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await fetchAtlas((text) => void process.stderr.write(`atlas: ${text}\n`));
}
