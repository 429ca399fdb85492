import { existsSync } from 'node:fs';
import type { Config } from '../../pipeline/config.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Configured } from '../configured.ts';
import { attention, type Finding, lookAt, ok } from '../finding.ts';
import { openTransport, topicsFolder } from '../open-transport.ts';
import { retentionWarnings } from '../retention-warnings.ts';
import { topicSpecs } from '../topic-specs.ts';

/** Whether the transport answers, whether its topics are as they are to be, and whether they keep what producers say until they say it again. */
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
  if (kind === 'kafka') yield await lookAt('topic settings', () => topicSettings(config));
  for (const [name, detail] of retentionWarnings(config, Date.now()))
    yield attention(`producer ${name}`, detail, 'a schedule that comes sooner, or a longer retention time');
}

async function topicSettings(config: Config): Promise<Finding> {
  const what = 'topic settings';
  const [{ kafkaOptions }, { TopicPlan }, { stateSpecs }] = await Promise.all([
    import('../open-kafka.ts'),
    import('../../transports/kafka/topic-plan.ts'),
    import('../../transports/kafka/admin.ts'),
  ]);
  const { preset, prefix, retentionHours } = config.transport;
  const differences = await new TopicPlan(kafkaOptions(config.transport), topicSpecs(config)).differences();
  if (preset === undefined) {
    if (differences.length === 0) return ok(what, 'are as they are wanted');
    const detail = `${differences.length} are not as they are wanted`;
    return attention(what, detail, '`topics plan` shows them, `topics apply` corrects them');
  }
  // Most settings are the service's own: what counts is what it forgets.
  const lasting = new Set(
    [...stateSpecs.map(({ name }) => name), ...(retentionHours === 'compacted' ? [topics.raw] : [])].map(
      (name) => prefix + name,
    ),
  );
  const forgetful = differences.filter(
    ({ topic, setting }) => lasting.has(topic) && setting === 'cleanup.policy',
  );
  if (forgetful.length === 0) return ok(what, `${[...lasting].join(', ')} are compacted`);
  return attention(
    what,
    `not compacted, so that what has to last goes by age: ${forgetful.map(({ topic }) => topic).join(', ')}`,
    'give them the cleanup policy Compact (docs/event-hubs.md)',
  );
}
