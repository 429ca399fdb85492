import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { note } from './output.ts';

/**
 * Tells of processes that have the log in a folder open and are stopped (Ctrl-Z, SIGSTOP): one that was stopped in the middle of a write keeps whoever
 * opens it waiting, without a word. They are only known of on Linux, and in the own PID namespace.
 */
export function tellOfStopped(folder: string): void {
  for (const pid of holdersOf(path.join(folder, 'gate.mdb-lock')).filter(isStopped))
    note(
      `Process ${pid} has ${folder} open and is stopped. If it is in the middle of a write, this waits until it goes on: kill -CONT ${pid}`,
    );
}

/** Processes that hold LMDB's shared lock of a file, which is theirs for as long as they have it open. */
function holdersOf(file: string): readonly string[] {
  try {
    const { ino } = statSync(file);
    const shared = new RegExp(String.raw`POSIX +ADVISORY +READ +(\d+) +[\da-f]+:[\da-f]+:${ino} `, 'gu');
    return [...readFileSync('/proc/locks', 'utf8').matchAll(shared)].flatMap(([, pid]) => pid ?? []);
  } catch {
    return []; // nobody has opened it yet, or the system does not tell
  }
}

function isStopped(pid: string): boolean {
  try {
    return /\) T /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // it has ended
  }
}
