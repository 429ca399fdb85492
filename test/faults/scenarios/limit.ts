import { z } from 'zod';
import { poison, ThrottledCatalogue } from '../../../bench/throttled-catalogue.ts';
import { type Scenario, within } from '../scenario.ts';
import { World } from '../world.ts';

const limit = 50;
const poisoned = 5;

const letterLine = z.object({ code: z.string(), key: z.string().nullable() });

/**
 * A catalogue with a limit that halves midway, which fails by chance all the while. How much of the limit is used depends on the machine,
 * too, so that it is held against the aim in the long form only, which is one for a machine that has nothing else to do.
 */
export const limitHalves: Scenario = {
  number: 43,
  title:
    'a limit that halves, 2 % 429, 2 % 503, 0.5 % never answered and 5 poison: all right, and the limit used',
  run: async (context) => {
    const total = context.quick ? 5000 : 100_000;
    const catalogue = new ThrottledCatalogue({
      limit,
      chance: { throttled: 0.02, failed: 0.02, hung: 0.005 },
      random: context.random,
      halvesAt: total / 2,
    });
    const url = await catalogue.listen();
    const pace = `pace: { requestsPerSecond: ${limit}, inFlight: 16 }`;
    const sink = `{ kind: atlas, url: '${url}', batch: { entities: ${context.quick ? 5 : 20} }, timeoutMs: 2000, ${pace} }`;
    try {
      const world = World.open(context, {
        schemas: poisoned,
        sources: 1,
        partitions: 4,
        lanes: 4,
        credits: 10_000,
        sink,
      });
      return await within(world, (opened) => deliverAll(opened, catalogue, total));
    } finally {
      catalogue.close();
    }
  },
};

async function deliverAll(
  world: World,
  catalogue: ThrottledCatalogue,
  total: number,
): Promise<readonly string[]> {
  const { context, events, issued } = world;
  const lines = [...events.containers()];
  for (let part = 0; part < poisoned; part += 1)
    lines.push(...events.tables(total / poisoned), events.refusedTable(part, poison));
  await world.produce(lines);
  await world.must('transform', '--once');
  await world.must('sink', '--once');
  const { used, refused } = catalogue.shares;
  const { calls, overLimit, throttled, failed, hung } = catalogue.counts;
  context.say(`${used.toFixed(1)} % of the limit used, ${refused.toFixed(1)} % of the calls refused`);
  context.say(
    `of ${calls} calls after the first 10 s: ${overLimit} over the limit, ${throttled} refused by chance, ${failed} failed, ${hung} never answered`,
  );
  const wrong = [...issued.assets].filter(([name, text]) => catalogue.stored.get(name)?.['comment'] !== text);
  const absent = [...issued.assets.keys()].filter((name) => !catalogue.stored.has(name));
  const unknown = [...catalogue.stored.keys()].filter((name) => !issued.assets.has(name));
  const list = await world.must('dead-letters', 'list', '--json');
  const letters = list.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => letterLine.parse(JSON.parse(line)));
  const own = letters.filter(
    ({ code, key }) => code === 'CATALOG_BAD_ENTITY' && key?.endsWith(`/${poison}`) === true,
  );
  const isRight = own.length === poisoned && letters.length === poisoned;
  return [
    ...(wrong.length + absent.length + unknown.length === 0
      ? []
      : [`${absent.length} are missing, ${wrong.length} are wrong, ${unknown.length} were never issued`]),
    ...(isRight ? [] : [`${letters.length} dead letters, ${own.length} of them of the ${poisoned} poison`]),
    ...(context.quick || used >= 95 ? [] : [`only ${used.toFixed(1)} % of the limit were used`]),
    ...(context.quick || refused <= 5 ? [] : [`${refused.toFixed(1)} % of the calls were refused`]),
  ];
}
