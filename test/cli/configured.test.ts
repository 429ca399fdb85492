import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { configureWithoutSources } from '../../cli/configured.ts';

/** A configuration whose secrets this process does not have. */
async function configFile(producer: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'configured-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'purview-streams.yaml');
  await writeFile(file, `sink: { kind: local }\ncatalog: { port: 0 }\nproducers:\n${producer}`);
  return file;
}

it('configureWithoutSources() needs no secret of a source', async () => {
  const file = await configFile(`
  loader: { kind: etl-api, url: '\${env:NOBODY_SETS_THIS}', token: '\${keyvault:vault/token}' }
  erp: { kind: postgres, host: 'db-\${env:NOBODY_SETS_THIS}', database: erp, password: '\${file:not-here}' }
`);
  const { producers } = await configureWithoutSources(file);
  expect([...producers.keys()]).toEqual(['loader', 'erp']);
});

it('configureWithoutSources() resolves what names depend on, and says what it lacks', async () => {
  const file = await configFile(`
  jobs:
    kind: etl-job-files
    path: jobs
    tool: flow
    datasets: { blob: { type: azure_blob_path, parameters: { server: '\${env:SERVER_OF_NAMES}' } } }
`);
  await expect(configureWithoutSources(file)).rejects.toMatchObject({
    code: 'CONFIG_REFERENCE',
    message: expect.stringContaining('producers.jobs.datasets.blob.parameters.server'),
  });
  vi.stubEnv('SERVER_OF_NAMES', 'warehouse');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { settings } = await configureWithoutSources(file);
  expect(settings('jobs').datasets['blob']?.parameters).toEqual({ server: 'warehouse' });
});

it('configureWithoutSources() resolves what a producer cannot be configured without', async () => {
  const file = await configFile(
    "  erp: { kind: postgres, database: erp, port: '${env:NOBODY_SETS_THIS}' }\n",
  );
  await expect(configureWithoutSources(file)).rejects.toMatchObject({ code: 'CONFIG_REFERENCE' });
});
