// Loaded into a process before everything else: it collects its garbage on SIGUSR2, so that what it holds can be told from what it has not tidied up yet, and writes
// what of that is JavaScript's to the file PID.json of the folder that SOAK_HELD names.
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect();
  const { heapUsed } = process.memoryUsage(); // not external, to which a file that is mapped counts
  const file = path.join(process.env['SOAK_HELD'], `${process.pid}.json`);
  writeFileSync(`${file}.part`, JSON.stringify({ heapUsed }));
  renameSync(`${file}.part`, file);
});
