import type { Benchmark } from './benchmark.ts';
import { embedded } from './embedded.ts';
import { endToEnd } from './end-to-end.ts';
import { replay } from './replay.ts';
import { sql } from './sql.ts';

/** Every benchmark, in the order in which they are measured. */
export const benchmarks: readonly Benchmark[] = [replay, endToEnd, embedded, sql];
