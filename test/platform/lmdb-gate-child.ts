import { existsSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { aloneIn, openLmdb } from '../../platform/lmdb.ts';

// `lmdb-gate-child.ts end|die|read FOLDER`: is alone in the environment of a folder until somebody is about to open it (a file `opening`), and for a good while
// longer; then it leaves a file `written`. Or it stays in the middle of a write for ever, or has it open for ever.

/** How long it stays, in milliseconds: an open that waits for nobody is over in a few. */
const longMs = 500;

const [role, folder = ''] = process.argv.slice(2);
const environment = openLmdb({ folder, code: 'STATE_UNAVAILABLE', advice: 'None.' });
const busyUntil = (isOver: () => boolean): void => {
  while (!isOver()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
};
if (role === 'read') {
  writeSync(1, 'reading\n');
  busyUntil(() => false);
}
aloneIn(environment, () => {
  environment.transactionSync(() => {
    environment.putSync(Buffer.from('key'), 'value');
    if (role === 'die') {
      writeSync(1, 'writing\n');
      busyUntil(() => false);
    }
  });
  // No lock of the environment itself keeps anybody waiting here.
  writeSync(1, 'writing\n');
  busyUntil(() => existsSync(path.join(folder, 'opening')));
  const end = performance.now() + longMs;
  busyUntil(() => performance.now() > end);
  writeFileSync(path.join(folder, 'written'), '');
});
