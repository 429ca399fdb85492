import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { RealAtlas } from './read-back.ts';

/** What the tests of one file work with. */
export interface AtlasSuite {
  /** A temporary folder. */
  readonly folder: string;
  readonly atlas: RealAtlas;
  /** A name that nothing else in that Atlas has, for assets of this file. */
  name(text: string): string;
  /** What all names of {@link AtlasSuite.name} have. */
  readonly having: string;
}

/** Sets a file's tests up; the suite may be asked once they run. */
export function atlasSuite(): () => AtlasSuite {
  let suite: AtlasSuite | undefined;
  beforeAll(async () => {
    const having = `x${Date.now().toString(36)}-`;
    suite = {
      folder: await mkdtemp(path.join(tmpdir(), 'atlas-suite-')),
      atlas: new RealAtlas(inject('atlas')),
      name: (text) => having + text,
      having,
    };
  });
  afterAll(() => rm(suite?.folder ?? '', { recursive: true, force: true }));
  return () => {
    if (suite === undefined) throw new Error('The suite is there once its tests run.');
    return suite;
  };
}
