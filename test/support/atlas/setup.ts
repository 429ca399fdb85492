/** Before and after the suites of a real Atlas: finds or starts it, and ends the one that was started. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { missingTools } from './program.ts';
import { startAtlas, type StartedAtlas } from './server.ts';
import { atlasUser } from './settings.ts';

/** Where the Atlas of the run is, and how to sign in. */
export interface AtlasTarget {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    atlas: AtlasTarget;
    /** Where its topic ATLAS_HOOK is, `host:port`; empty where that was not said. */
    atlasKafka: string;
  }
}

let folder: string | undefined;
let started: StartedAtlas | undefined;
const say = (text: string): void => void process.stderr.write(`atlas: ${text}\n`);

/** Called by vitest before the first test file. Throws where there is no Atlas and none can be started. */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['ATLAS_URL'];
  if (given !== undefined) {
    const { ATLAS_USER: user = atlasUser.user, ATLAS_PASSWORD: password = atlasUser.password } = process.env;
    project.provide('atlas', { url: given, user, password });
    project.provide('atlasKafka', process.env['ATLAS_KAFKA'] ?? '');
    return;
  }
  const missing = missingTools();
  if (missing.length > 0) {
    throw new Error(
      `A real Apache Atlas cannot be started, because ${missing.join(', ')} cannot be found. Install a JDK of Java 17 and Maven (Debian: openjdk-17-jdk-headless and maven), or name an empty Atlas: ATLAS_URL=http://HOST:21000, with ATLAS_USER and ATLAS_PASSWORD.`,
    );
  }
  folder = await mkdtemp(path.join(tmpdir(), 'purview-streams-atlas-'));
  const since = Date.now();
  started = await startAtlas(folder, say);
  const seconds = Math.round((Date.now() - since) / 1000);
  say(`${started.url} is up after ${seconds} s with ${await started.memory()} MB`);
  project.provide('atlas', { url: started.url, ...atlasUser });
  project.provide('atlasKafka', started.kafka);
}

/** Called by vitest after the last one. */
export async function teardown(): Promise<void> {
  if (started !== undefined) {
    say(`${await started.memory()} MB at the end`);
    await started.stop();
  }
  if (folder !== undefined)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
