#!/usr/bin/env node
import process from 'node:process';
import { runProgram } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(); // whoever read it has seen enough: `| head`
});
process.exitCode = await runProgram(process.argv.slice(2));
