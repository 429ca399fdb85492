import { randomBytes } from 'node:crypto';
import { readFile, symlink, writeFile, cp } from 'node:fs/promises';
import path from 'node:path';
import { readDeadLetters } from '../../../cli/read-dead-letters.ts';
import { topics } from '../../../pipeline/topics.ts';
import type { NewRecord } from '../../../pipeline/transport.ts';
import { decodeEvent, encodeEvent } from '../../../schemas/codec.ts';
import type { EventTypes } from '../../../schemas/types.ts';
import { Stages } from '../chaos.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

/** A build whose events of database objects have a field more. Returns its main file. */
async function newerBuild(main: string, folder: string): Promise<string> {
  const dist = path.resolve(main, '../..');
  await cp(dist, path.join(folder, 'newer', 'dist'), { recursive: true });
  await cp(path.join(dist, '../package.json'), path.join(folder, 'newer', 'package.json'));
  await symlink(path.join(dist, '../node_modules'), path.join(folder, 'newer', 'node_modules'));
  const schemas = path.join(folder, 'newer', 'dist', 'schemas', 'avro');
  const schema = JSON.parse(await readFile(path.join(schemas, 'database-object.v1.avsc'), 'utf8')) as {
    readonly fields: unknown[];
  };
  schema.fields.push({
    name: 'revision',
    type: ['null', 'string'],
    default: null,
    doc: 'Of a later version.',
  });
  await writeFile(path.join(schemas, 'database-object.v2.avsc'), JSON.stringify(schema));
  return path.join(folder, 'newer', 'dist', 'cli', 'main.js');
}

/** Producers are updated before the stages, and the other way round. */
export const evolution: Scenario = {
  number: 14,
  title:
    'events of a newer schema before an older reader, and the reverse: dead letters with their bytes, and all of it there after the update',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 4 }), async (world) => {
      const { events } = world;
      const newer = await newerBuild(context.main, context.folder);
      await world.startCatalogue();
      await world.produce([...events.containers(), ...events.tables(20)]);
      await world.settle();
      world.startWith({ main: newer });
      const ahead = events.tables(30);
      await world.produce(ahead);
      world.startWith({});
      await world.produce(events.tables(10));
      await world.settle();
      const early = await letters(world);
      const wrong = early.filter(({ code, value }) => code !== 'EVENT_UNDECODABLE' || value === null);
      world.startWith({ main: newer });
      await world.must('dead-letters', 'redrive', '--all');
      await world.settle();
      const left =
        early.length === ahead.length
          ? []
          : [`${early.length} dead letters for ${ahead.length} newer events`];
      return [...left, ...wrong.map(({ id }) => `${id} is no whole dead letter`), ...(await world.judge())];
    }),
};

async function letters(world: World): ReturnType<typeof readDeadLetters> {
  const transport = world.openTopics();
  try {
    return await readDeadLetters(transport);
  } finally {
    await transport.close();
  }
}

/** What nobody can decode stands among good events on both topics. */
export const undecodable: Scenario = {
  number: 15,
  title:
    'bytes that are no event, on both topics: a dead letter each with those bytes, and the stream goes on',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 2 }), async (world) => {
      const { events, issued } = world;
      await world.startCatalogue();
      const stages = new Stages(world);
      await stages.ready();
      await world.produce([...events.containers(), ...events.tables(100)]);
      const transport = world.openTopics();
      const count = context.quick ? 20 : 500;
      const good = encodeEvent('removal', {
        producer: 'nobody',
        objectId: 'x',
        position: { incarnation: 'i', sequence: 1 },
        removedType: 'job',
      });
      const garbage = Array.from({ length: count }, (_, n) => [
        randomBytes(1 + n), // no event at all
        Buffer.concat([Buffer.from([0xc3, 0x01]), randomBytes(8 + n)]), // of a schema that nobody has
        Buffer.concat([good, Buffer.alloc(1 + n)]), // more than its schema says
      ]).flat();
      for (const topic of [topics.raw, topics.entities])
        await transport.append(
          topic,
          garbage.map((value) => ({ key: '', value, headers: { x: 'y' } })),
        );
      await transport.close();
      issued.corrupt = 2 * garbage.length;
      await world.produce(events.tables(100));
      await world.settle();
      await stages.drain();
      const kept = new Set(
        (await letters(world)).map(({ value }) => Buffer.from(value ?? []).toString('hex')),
      );
      const lost = garbage.filter((bytes) => !kept.has(bytes.toString('hex')));
      return [
        ...(lost.length === 0 ? [] : [`${lost.length} dead letters have other bytes`]),
        ...(await world.judge()),
      ];
    }),
};

/** Raw events come again, in any order, among them some that were old already. */
export const disorder: Scenario = {
  number: 17,
  title:
    'all raw events again, shuffled and several times, and one position with two contents: the newest stay',
  run: (context) =>
    within(World.open(context, { schemas: 2, sources: 1 }), async (world) => {
      const { events } = world;
      await world.startCatalogue();
      const tables = context.quick ? 100 : 2000;
      const name = await world.source([...events.containers(), ...events.tables(tables)]);
      await world.must('produce', name, '--only', '--once');
      for (let revision = 0; revision < 2; revision += 1)
        await world.produceAnew(name, [...events.containers(), ...events.revised()]);
      const stages = new Stages(world);
      const transport = world.openTopics();
      const records: NewRecord[] = [];
      for (const { partition, earliest } of await transport.describe(topics.raw))
        for await (const { key, value, headers } of transport.read(topics.raw, partition, earliest))
          records.push({ key, value, headers });
      for (let again = 0; again < 3; again += 1)
        await transport.append(topics.raw, shuffled(records, context.random));
      await transport.append(topics.raw, ambiguous(world, records));
      await transport.close();
      await stages.ready();
      await world.settle();
      await stages.drain();
      context.say(`${records.length} raw events came four times`);
      return world.judge();
    }),
};

/** The newest event of a table twice, at its own position with other texts: the last one counts. */
function ambiguous({ events, issued }: World, records: readonly NewRecord[]): readonly NewRecord[] {
  const newest = records.findLast(({ key }) => key.endsWith('/t0'));
  if (newest?.value === undefined || newest.value === null)
    throw new Error('There is no event of the first table.');
  const { type, value } = decodeEvent(newest.value);
  if (type !== 'database-object') throw new Error(`It is a ${type}.`);
  const texts = ['one text', 'another text'];
  issued.assets.set(events.tableName(0), texts[1]);
  return texts.map((description) => ({
    ...newest,
    value: encodeEvent('database-object', { ...(value as EventTypes['database-object']), description }),
  }));
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
