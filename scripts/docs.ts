/** `npm run docs`: writes the pages that are made from code. */
import { writeFile } from 'node:fs/promises';
import { configurationPage } from '../cli/configuration-page.ts';
import { producers } from '../producers/index.ts';
import { sinks } from '../sinks/index.ts';

await writeFile(
  new URL('../docs/configuration.md', import.meta.url),
  configurationPage({ producers, sinks }),
);
