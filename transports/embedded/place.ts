import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hrtime } from 'node:process';

/**
 * Where a process id means something: this start of this machine, and its namespace of process ids (two containers may share
 * the folder of a log but not their ids).
 */
export function processPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname(); // not Linux: one namespace a machine
  }
}

/** Whether a process of this place is gone. False where it only cannot be told. */
export function isProcessGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH';
  }
}

/** Milliseconds of the machine's monotonic clock: the same in all its processes, and not set by anyone. */
export function machineClock(): number {
  return Number(hrtime.bigint() / 1_000_000n);
}
