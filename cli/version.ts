import { readFileSync } from 'node:fs';
import { z } from 'zod';

const manifest = z.looseObject({ name: z.literal('purview-streams'), version: z.string() });

/** The version of this program, as its package says; `unknown` where it runs outside of one. */
export function ownVersion(): string {
  // From the sources, and from the built package.
  for (const at of ['../package.json', '../../package.json']) {
    try {
      const parsed = manifest.safeParse(JSON.parse(readFileSync(new URL(at, import.meta.url), 'utf8')));
      if (parsed.success) return parsed.data.version;
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
    }
  }
  return 'unknown';
}
