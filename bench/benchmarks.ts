import { canStartBroker } from '../test/support/kafka/broker.ts';
import { backlogMemory } from './backlog-memory.ts';
import type { Benchmark } from './benchmark.ts';
import { ddlLatency } from './ddl-latency.ts';
import { embedded } from './embedded.ts';
import { endToEnd } from './end-to-end.ts';
import { gate, sinkSpeed } from './gate.ts';
import { kafka } from './kafka.ts';
import { replay } from './replay.ts';
import { replayFloor } from './replay-floor.ts';
import { rescanCalls } from './rescan-calls.ts';
import { restart } from './restart.ts';
import { sql } from './sql.ts';

/** Every benchmark, in the order in which they are measured. */
export const benchmarks: readonly Benchmark[] = [
  replay,
  replayFloor,
  endToEnd,
  rescanCalls,
  gate,
  sinkSpeed,
  backlogMemory,
  ddlLatency,
  restart,
  embedded,
  ...(canStartBroker ? [kafka] : []),
  sql,
];
