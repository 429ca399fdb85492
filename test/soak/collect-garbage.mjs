// Loaded into a process before everything else: it collects its garbage on SIGUSR2, so that what it holds can be told from what it has not tidied up yet.
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
