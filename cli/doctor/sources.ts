import type { Configured } from '../configured.ts';
import { type Finding, lookAt, ok } from '../finding.ts';

/** Whether each source answers, and how its changes are seen. */
export async function* sources({ producers, loaded }: Configured): AsyncIterable<Finding> {
  for (const [name, setup] of producers) {
    const what = `source ${name} (${loaded.config.producers[name]?.kind ?? ''})`;
    yield await lookAt(what, async () => {
      const began = Date.now();
      const producer = await setup.open();
      try {
        const incarnation = await producer.incarnation();
        const ms = Date.now() - began;
        const how = await producer.describeChanges?.();
        const changes = how === undefined ? '' : `; changes by ${how}`;
        return ok(what, `answers within ${ms} ms (incarnation ${incarnation})${changes}`);
      } finally {
        await producer.close();
      }
    });
  }
}
