import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Producer } from '../../pipeline/producer.ts';
import { http } from '../../producers/http/component.ts';
import { root } from './cli.ts';
import type { FlowsApi } from './flows-api.ts';

const page = z.object({ producers: z.object({ flows: z.record(z.string(), z.unknown()) }) });

/** Options of the example in docs/http.md, on a running API: the waits are over at once. */
export async function flowsOptions(
  api: FlowsApi,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const text = await readFile(path.join(root, 'docs/http.md'), 'utf8');
  const { kind: _kind, ...example } = page.parse(parse(/```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''))
    .producers.flows;
  const own = {
    url: `${api.url}/api/v2`,
    auth: {
      kind: 'oauth',
      tokenUrl: `${api.url}/token`,
      clientId: 'c',
      clientSecret: 'secret-of-the-client',
    },
    requestsPerSecond: 1_000,
    attempts: 2,
    firstWait: 0.001,
    longestWait: 0.01,
    interval: 0.02,
  };
  return { ...example, ...own, ...more };
}

/** Opens the producer with the example's options. */
export async function openFlows(
  api: FlowsApi,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Producer> {
  return http.configure('flows', await flowsOptions(api, more), { baseFolder: '/' }).open();
}
