import { datasetRules, producerComponent } from '../../pipeline/component.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { compileMapping } from '../../platform/json-mapping.ts';
import type { ObjectMapping } from '../../platform/mapped-objects.ts';
import { type WebhookOptions, webhookOptions } from './options.ts';
import { Pushes } from './pushes.ts';
import { startWebhook } from './server.ts';

/** The producer `webhook`: what tools push by HTTP, mapped by JSONata. */
export const webhook = producerComponent({
  summary:
    'Takes what tools push by HTTP POST, with a token or a signature; each push is mapped by JSONata ([http.md](http.md)) and answered once it is durable.',
  options: webhookOptions,
  configure: (name, options) => {
    const mapping = { map: compileMapping(options.map, { option: 'map' }), tool: options.tool ?? name };
    return {
      settings: {
        types: jobTypes,
        caseRule: options.case,
        steps: options.steps,
        datasets: datasetRules(options.datasets),
      },
      open: () => openWebhook(options, mapping),
    };
  },
});

async function openWebhook(given: WebhookOptions, mapping: ObjectMapping): Promise<Producer> {
  const pushes = new Pushes();
  const server = await startWebhook({ given, mapping, pushes });
  return {
    tellsOnly: true,
    incarnation: () => Promise.resolve('1'),
    // What was pushed stands on the topic of raw events; there is nothing else to read.
    scan: async function* nothing() {
      yield* [];
    },
    changes: (signal) => pushes.changes(signal),
    describeChanges: () => Promise.resolve(`pushes to ${server.url}`),
    close: async () => {
      pushes.close();
      await server.close();
    },
  };
}
