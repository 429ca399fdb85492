import { setTimeout as delay } from 'node:timers/promises';
import { datasetRules, producerComponent } from '../../pipeline/component.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { createHttpClient } from '../../platform/http.ts';
import { createAsk } from '../../platform/ask.ts';
import { createCredentials } from './credentials.ts';
import { type EtlApiOptions, etlApiOptions } from './options.ts';
import { EtlApiProducer } from './producer.ts';

/** Bytes that one answer of the tool may have. */
const maxResponseBytes = 16_000_000;

/** The producer `etl-api`: jobs of an ETL tool that tells them by HTTP. */
export const etlApi = producerComponent({
  summary:
    'Jobs of an ETL tool with an HTTP API: GET api/job lists them, GET api/job/{id} tells what each reads and writes.',
  options: etlApiOptions,
  configure: (name, options, host) => ({
    settings: {
      types: jobTypes,
      caseRule: options.case,
      steps: 'collapse', // the API tells of no steps
      datasets: datasetRules(options.datasets),
    },
    open: () => Promise.resolve(openProducer(name, options, host.baseFolder)),
  }),
});

function openProducer(name: string, options: EtlApiOptions, baseFolder: string): Producer {
  const credentials = createCredentials(options, baseFolder);
  const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    delay(milliseconds, undefined, { signal });
  const http = createHttpClient({
    baseUrl: options.url,
    timeoutMs: options.timeout * 1000,
    maxResponseBytes,
    authorize: async (): Promise<Readonly<Record<string, string>>> => {
      const authorization = await credentials.current();
      return authorization === undefined ? {} : { authorization };
    },
  });
  const ask = createAsk({
    http,
    credentials,
    url: options.url,
    attempts: options.attempts,
    firstWaitMs: options.firstWait * 1000,
    longestWaitMs: options.longestWait * 1000,
    wait,
    random: Math.random,
    now: Date.now,
  });
  return new EtlApiProducer({
    ask,
    tool: options.tool ?? name,
    pageSize: options.pageSize,
    intervalMs: options.interval * 1000,
    wait,
  });
}
