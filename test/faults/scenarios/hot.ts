import { partitionOf } from '../../../pipeline/partitioner.ts';
import { FaultProxy } from '../proxy.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

const partitions = 2;
const lanes = 4;

/** The catalogue does not answer the write of one asset before it has got what is in other lanes and partitions. */
export const hotKey: Scenario = {
  number: 42,
  title: 'one asset whose write takes very long, while it changes on: all other lanes and partitions go on',
  run: async (context) => {
    const proxy = new FaultProxy();
    const url = await proxy.listen();
    const sink = `{ kind: atlas, url: '${url}', user: admin, password: admin, batch: { entities: 20 } }`;
    try {
      const world = World.open(context, { schemas: 2, sources: 2, partitions, lanes, sink });
      return await within(world, (opened) => runHot(opened, proxy));
    } finally {
      proxy.close();
    }
  },
};

async function runHot(world: World, proxy: FaultProxy): Promise<readonly string[]> {
  const { context, events } = world;
  proxy.target = world.catalogueUrl;
  await world.startCatalogue();
  await world.produce(events.containers());
  await world.settle();
  const hot = events.tableName(0);
  const tables = context.quick ? 400 : 4000;
  const name = await world.source([...events.containers(), ...events.tables(tables)]);
  const waited = new Set(
    Array.from({ length: tables }, (_, table) => events.tableName(table)).filter(
      (key) =>
        partitionOf(key, partitions) !== partitionOf(hot, partitions) ||
        partitionOf(key, lanes) !== partitionOf(hot, lanes),
    ),
  );
  const all = waited.size;
  let held = 0;
  let release: (others: string) => void = () => undefined;
  const others = new Promise<string>((resolve) => {
    release = resolve;
  });
  proxy.behave = ({ isBulk, body }) => {
    if (!isBulk) return undefined;
    if (body.includes(`"${hot}"`)) {
      held += 1;
      return { heldUntil: others };
    }
    for (const key of waited) if (body.includes(`"${key}"`)) waited.delete(key);
    if (waited.size === 0) release('delivered');
    return undefined;
  };
  const stages = [world.beginStage('transform', 'transform'), world.beginStage('sink', 'sink')];
  for (const stage of stages) await stage.says('reading');
  await world.must('produce', name, '--only', '--once');
  await world.produceAnew(name, [...events.containers(), ...events.revised()]);
  const tooLong = setTimeout(() => release('waiting'), 60_000);
  const faults =
    (await others) === 'delivered' ? [] : [`${waited.size} of ${all} others wait for the hot asset`];
  clearTimeout(tooLong);
  context.say(`${all} others were delivered while the hot asset was held ${held} times`);
  if (held === 0) faults.push('the hot asset was never written');
  await world.settle();
  for (const stage of stages) await stage.drain();
  return [...faults, ...(await world.judge())];
}
