import { runInWorker } from './worker.ts';
import { work, type YamlText } from './yaml-work.ts';

/** Longer texts are parsed in a thread of their own: the parser takes quadratic time for some. */
const longestHere = 16_000;
const timeoutMs = 30_000;
const heapMb = 256;

/**
 * The documents of a YAML 1.2 text as plain JSON. Anchors may be used, but what they multiply to is bounded. Rejects with SOURCE_INVALID, with file and
 * line, or SOURCE_LIMIT.
 */
export async function parseYamlDocuments(given: YamlText): Promise<readonly unknown[]> {
  if (given.text.length <= longestHere) return work(given);
  const module = new URL(
    import.meta.url.endsWith('.ts') ? './yaml-work.ts' : './yaml-work.js',
    import.meta.url,
  );
  const answer = await runInWorker({ module, input: given, what: given.file, heapMb, timeoutMs });
  return answer as readonly unknown[]; // what `work` of that module gives
}
