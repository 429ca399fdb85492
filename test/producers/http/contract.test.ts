import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { producerContract } from '../../contracts/producer.ts';
import { type FlowsApi, someFlows, startFlowsApi } from '../../support/flows-api.ts';
import { flowsOptions, openFlows } from '../../support/http-source.ts';
import { sourceRun } from '../../support/source-run.ts';

let api: FlowsApi;
beforeAll(async () => {
  api = await startFlowsApi(someFlows(5));
});
afterAll(() => api.close());

let hour = 0;
const change = async (): Promise<void> => {
  const updatedAt = `2026-11-25T${String((hour += 1)).padStart(2, '0')}:00:00Z`;
  api.flows.set('f1', { id: 'f1', name: `Flow 1, edition ${hour}`, updatedAt });
};
const objects = someFlows(5).map(({ id }) => `job ${id}`);

producerContract('the producer http', {
  open: () => openFlows(api),
  objects,
  openBroken: () => openFlows(api, { auth: { kind: 'bearer', token: 'expired-secret' } }),
  change,
  secrets: ['expired-secret'],
});

producerContract('the producer http without a watermark', {
  open: () => openFlows(api, { changes: undefined, detail: undefined }),
  objects,
  openBroken: () => openFlows(api, { list: { path: 'nowhere/at/all' } }),
});

describe('the producer http', () => {
  it('has an example in docs/http.md whose jobs and lineage are in the catalogue', async () => {
    const own = await startFlowsApi(someFlows(3));
    const run = await sourceRun({ flows: { kind: 'http', ...(await flowsOptions(own)) } });
    const held = await run.run();
    await run.remove();
    await own.close();
    const jobs = held.names.filter((name) => name.startsWith('etl_'));
    expect(jobs).toEqual([
      ...['f0', 'f1', 'f2'].map((id) => `etl_job etl://flows/jobs/${id}`),
      'etl_pipeline etl://flows',
    ]);
    expect(held.edges).toEqual(
      ['0', '1', '2'].map(
        (n) =>
          `etl://flows/jobs/f${n}: https://lake/raw/${n}.csv -> mssql://dw.database.windows.net/dw/dw/t${n}`,
      ),
    );
    expect(held.entity('etl_job etl://flows/jobs/f1').attributes).toMatchObject({ name: 'Flow 1' });
  });
});
