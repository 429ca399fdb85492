import { existsSync } from 'node:fs';
import type { Configured } from '../configured.ts';
import { attention, type Finding, lookAt, ok } from '../finding.ts';
import { openTransport, topicsFolder } from '../open-transport.ts';
import { topicSpecs } from '../topic-specs.ts';

/** Whether the transport answers, and whether its topics are as they are to be. */
export async function* transport({ loaded }: Configured, folder: string): AsyncIterable<Finding> {
  const { config } = loaded;
  const { kind } = config.transport;
  const what = `transport (${kind})`;
  if (kind === 'memory') {
    yield attention(
      what,
      'forgets everything when the process ends',
      'use embedded, kafka or event-hubs for anything but a try',
    );
    return;
  }
  if (kind === 'embedded' && !existsSync(topicsFolder(folder))) {
    yield ok(what, 'has no topics yet: the first run makes them');
    return;
  }
  yield await lookAt(what, async () => {
    const opened = await openTransport(config.transport, folder);
    try {
      const began = Date.now();
      const names = await opened.admin.topics();
      await opened.transactions.state.get('doctor');
      const missing = topicSpecs(config).filter(({ name }) => !names.includes(name));
      const detail = `answers within ${Date.now() - began} ms, and has ${names.length} topics`;
      if (missing.length === 0) return ok(what, detail);
      const list = missing.map(({ name }) => name).join(', ');
      const next = kind === 'event-hubs' ? 'make them (docs/event-hubs.md)' : 'nothing: `run` makes them';
      return kind === 'event-hubs'
        ? attention(what, `${detail}; ${list} are not there`, next)
        : ok(what, `${detail}; ${list} are made by the first run`);
    } finally {
      await opened.close();
    }
  });
  if (kind !== 'kafka' || config.transport.preset !== undefined) return;
  yield await lookAt('topic settings', async () => {
    const [{ kafkaOptions }, { TopicPlan }] = await Promise.all([
      import('../open-kafka.ts'),
      import('../../transports/kafka/topic-plan.ts'),
    ]);
    const differences = await new TopicPlan(kafkaOptions(config.transport), topicSpecs(config)).differences();
    if (differences.length === 0) return ok('topic settings', 'are as they are wanted');
    return attention(
      'topic settings',
      `${differences.length} are not as they are wanted`,
      '`topics plan` shows them, `topics apply` corrects them',
    );
  });
}
