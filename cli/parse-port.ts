import { InvalidArgumentError } from 'commander';

/** Reads the number of a port; 0 stands for a free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a number from 0 (a free one) to 65535.');
}
