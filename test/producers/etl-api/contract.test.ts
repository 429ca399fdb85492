import { afterAll, beforeAll } from 'vitest';
import jobs from '../../../examples/retail/loader/jobs.json' with { type: 'json' };
import type { Loader } from '../../../examples/retail/loader/loader.ts';
import { producerContract } from '../../contracts/producer.ts';
import { openEtlApi, startRetailLoader } from '../../support/etl-tool.ts';

let loader: Loader;
beforeAll(async () => {
  loader = await startRetailLoader();
});
afterAll(() => loader.close());

producerContract('the producer etl-api', {
  open: () => openEtlApi(loader),
  objects: jobs.map(({ id }) => `job ${id}`),
  openBroken: () => openEtlApi(loader, { token: 'expired-secret' }),
  secrets: ['expired-secret'],
});
