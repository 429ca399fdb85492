import { setTimeout as delay } from 'node:timers/promises';
import { datasetRules, producerComponent } from '../../pipeline/component.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { createAsk } from '../../platform/ask.ts';
import { createHttpClient } from '../../platform/http.ts';
import { compileMapping } from '../../platform/json-mapping.ts';
import { paced } from '../../platform/paced.ts';
import { authHeader, createCredentials } from './auth.ts';
import { compilePath } from './item-reader.ts';
import { type HttpOptions, httpOptions } from './options.ts';
import { type ListSource, readPages } from './pages.ts';
import { HttpProducer } from './producer.ts';

/** Bytes that one answer may have. */
const maxResponseBytes = 16_000_000;

/** The producer `http`: what an HTTP API lists, mapped by JSONata. */
export const http = producerComponent({
  summary:
    'Any HTTP API that lists jobs, flows or assets: requests, paging and credentials as configured, each item mapped by JSONata ([http.md](http.md)).',
  options: httpOptions,
  configure: (name, options) => ({
    settings: {
      types: jobTypes,
      caseRule: options.case,
      steps: options.steps,
      datasets: datasetRules(options.datasets),
    },
    // The expressions are compiled here, so that a wrong one is told before anything runs.
    ...withSource(name, options),
  }),
});

function withSource(name: string, options: HttpOptions): { open(): Promise<Producer> } {
  const { list, changes } = options;
  const next = list.paging !== undefined && 'next' in list.paging ? list.paging.next : undefined;
  const parts = {
    items: compileMapping(list.items, { option: 'list.items' }),
    next: next === undefined ? undefined : compileMapping(next, { option: 'list.paging.next' }),
    map: compileMapping(options.map, { option: 'map' }),
    detail: options.detail === undefined ? undefined : compilePath(options.detail.path),
    mark: changes === undefined ? undefined : compileMapping(changes.value, { option: 'changes.value' }),
  };
  return { open: () => Promise.resolve(openProducer(options, parts, options.tool ?? name)) };
}

type Compiled = ReturnType<typeof compileMapping>;

interface Parts {
  readonly items: Compiled;
  readonly next: Compiled | undefined;
  readonly map: Compiled;
  readonly detail: ReturnType<typeof compilePath> | undefined;
  readonly mark: Compiled | undefined;
}

function openProducer(options: HttpOptions, parts: Parts, tool: string): Producer {
  const ask = openAsk(options);
  const { changes } = options;
  const { path, query, paging } = options.list;
  const list: ListSource = {
    ask,
    path,
    query,
    paging,
    items: parts.items,
    itemsText: options.list.items,
    next: parts.next,
  };
  return new HttpProducer({
    list,
    items: {
      ask,
      mapping: { map: parts.map, tool },
      detail: parts.detail,
      listAnswers: async (signal) => {
        try {
          for await (const _page of readPages(list, signal)) break;
          return true;
        } catch (thrown) {
          if (thrown instanceof StreamError) return false;
          throw thrown;
        }
      },
    },
    changes:
      changes === undefined || parts.mark === undefined
        ? undefined
        : { parameter: changes.parameter, value: parts.mark },
    intervalMs: options.interval * 1_000,
    rescanMs: options.rescan * 1_000,
    concurrency: options.concurrency,
    now: Date.now,
  });
}

function openAsk(options: HttpOptions): ReturnType<typeof createAsk> {
  const credentials = createCredentials(options.auth);
  const header = authHeader(options.auth);
  const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    delay(milliseconds, undefined, { signal });
  const client = createHttpClient({
    baseUrl: options.url,
    allowedOrigins: options.origins,
    timeoutMs: options.timeout * 1_000,
    maxResponseBytes,
    headers: options.headers,
    authorize: async (): Promise<Readonly<Record<string, string>>> => {
      const value = await credentials.current();
      return value === undefined ? {} : { [header]: value };
    },
  });
  return createAsk({
    http: options.requestsPerSecond === undefined ? client : paced(client, 1_000 / options.requestsPerSecond),
    credentials,
    url: options.url,
    origins: options.origins,
    attempts: options.attempts,
    firstWaitMs: options.firstWait * 1_000,
    longestWaitMs: options.longestWait * 1_000,
    wait,
    random: Math.random,
    now: Date.now,
  });
}
