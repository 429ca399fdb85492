import type { Configured } from '../configured.ts';
import { attention, type Finding, lookAt, ok } from '../finding.ts';
import { bytesText } from '../units.ts';

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
        const backlog = (await producer.backlog?.()) ?? [];
        const behind = backlog.map((one) => `; ${one.what} ${bytesText(one.bytes)} behind`).join('');
        const detail = `answers within ${ms} ms (incarnation ${incarnation})${changes}${behind}`;
        const advice = backlog.find((one) => one.advice !== undefined)?.advice;
        return advice === undefined ? ok(what, detail) : attention(what, detail, advice);
      } finally {
        await producer.close();
      }
    });
  }
}
