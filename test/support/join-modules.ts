import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { z } from 'zod';
import { root } from './cli.ts';

/** What a process, or a thread or plugin in it, is started with. */
const entries = [
  'cli/main.js',
  'catalog/catalog-thread-work.js',
  'bench/run.js',
  'pipeline/contracts.js',
  'platform/exports.js',
];

/** The packages that nearly every process loads, and that are nothing but code. The others stay where they are. */
const joined = new Set([
  'avsc',
  'chokidar',
  'commander',
  'croner',
  'papaparse',
  'pg',
  'prom-client',
  're2js',
  'rxjs',
  'saxes',
  'yaml',
  'yauzl',
  'zod',
]);

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

/** The packages of the project but for the joined ones. */
async function apart(): Promise<readonly string[]> {
  const { dependencies, devDependencies } = manifest.parse(
    JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')),
  );
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !joined.has(name));
}

/** The modules find what lies beside them where they were compiled to. */
const ownAddresses: Plugin = {
  name: 'own-addresses',
  setup: ({ onLoad, initialOptions }) => {
    const own = `${initialOptions.outdir}${path.sep}`;
    onLoad({ filter: /\.js$/ }, async (file) => {
      if (!file.path.startsWith(own)) return undefined;
      const text = await readFile(file.path, 'utf8');
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file.path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file.path)));
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Joins the modules of the compiled program and of its packages in a few files: a process of it then starts with half of the work, most of
 * which is to find and to read a thousand files. For tests, which start hundreds; what is published, and that it runs, is the matter of
 * test/package.
 */
export async function joinModules(dist: string): Promise<void> {
  await build({
    entryPoints: entries.map((file) => path.join(dist, file)),
    outdir: dist,
    outbase: dist,
    allowOverwrite: true,
    chunkNames: 'joined/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: [...(await apart())],
    // Packages that are CommonJS ask for what Node.js has.
    banner: {
      js: "import { createRequire as requireHere } from 'node:module'; const require = requireHere(import.meta.url);",
    },
    logLevel: 'error',
    plugins: [ownAddresses],
  });
}
