import type { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import type { TopicDifference, TopicPlan } from '../../transports/kafka/topic-plan.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { print } from '../output.ts';
import { table } from '../table.ts';
import { topicSpecs } from '../topic-specs.ts';

interface PlanOptions {
  readonly config: string;
  readonly json?: boolean;
}

const partitionsHint =
  'Partitions are not changed: a key would go to another one, past what is still to be read of it. To have more, let everything settle and stop all processes, choose another transport.prefix, and start again: the sources are read anew, and the catalogue stays.';

/** Adds `topics plan` and `topics apply`: the topics of a Kafka cluster beside those that are wanted. */
export function addPlanCommands(command: Command): void {
  const withOptions = (name: string): Command =>
    command
      .command(name)
      .option('-c, --config <file>', 'configuration file', defaultConfigFile)
      .option('--json', 'print JSON, one difference a line');
  withOptions('plan')
    .description('Kafka: compare the topics with those that are wanted, and change nothing.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams topics plan\n  purview-streams topics plan --json | jq .wanted',
    )
    .action(async (options: PlanOptions) => show(await (await planOf(options)).differences(), options));
  withOptions('apply')
    .description('Kafka: create the topics that are missing, and correct their settings.')
    .addHelpText('after', '\nExamples:\n  purview-streams topics apply')
    .action(async (options: PlanOptions) => {
      const plan = await planOf(options);
      const changed = await plan.apply();
      if (options.json !== true) print(`${changed.length} changed.`);
      show(await plan.differences(), options);
    });
}

async function planOf({ config: file }: PlanOptions): Promise<TopicPlan> {
  const { config } = await loadConfig(file, { withoutSources: true });
  const { transport } = config;
  if (transport.kind === 'event-hubs' || transport.preset === 'event-hubs')
    throw new StreamError(
      'USAGE',
      'Event hubs are made and changed with the portal or the command line of Azure, not by a client.',
      {
        advice: 'docs/event-hubs.md has the commands.',
      },
    );
  if (transport.kind !== 'kafka')
    throw new StreamError(
      'USAGE',
      `The transport ${transport.kind} makes its topics itself: there is nothing to plan.`,
    );
  const [{ kafkaOptions }, { TopicPlan }] = await Promise.all([
    import('../open-kafka.ts'),
    import('../../transports/kafka/topic-plan.ts'),
  ]);
  return new TopicPlan(kafkaOptions(transport), topicSpecs(config));
}

function show(differences: readonly TopicDifference[], { json }: PlanOptions): void {
  if (json === true) {
    for (const difference of differences) print(JSON.stringify(difference));
    return;
  }
  if (differences.length === 0) return print('The topics are as they are wanted.');
  const rows = differences.map(({ topic, kind, setting, is, wanted }) => [
    topic,
    kind === 'setting' ? setting : kind,
    is ?? '-',
    wanted,
  ]);
  print(table(['topic', 'what', 'is', 'wanted'], rows));
  if (differences.some(({ kind }) => kind === 'partitions')) print(`\n${partitionsHint}`);
}
