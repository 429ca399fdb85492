import { World } from '../world.ts';
import { FaultProxy, type Fault, type SeenCall } from '../proxy.ts';
import { until } from '../process.ts';
import { type Scenario, within } from '../scenario.ts';

/** How a scenario before a catalogue that fails goes. */
interface Plan {
  readonly number: number;
  readonly title: string;
  /** Options of the sink beside its address. */
  readonly sink?: string;
  /** After how many broken requests it works again; without it, it ends by itself. */
  readonly upTo?: number;
  /** What is done to a request while it fails. */
  readonly behave: () => (call: SeenCall) => Fault | undefined;
  /** Events that come and are settled before the tables. */
  readonly first?: (world: World) => readonly string[];
  /** Events beside the tables. */
  readonly beside?: (world: World) => readonly string[];
  /** Requests that must have been broken, or the scenario has shown nothing. */
  readonly broken: number;
}

const options = 'batch: { entities: 20 }, retry: { longestRetryAfterMs: 2000, maxDelayMs: 1000 }';

/** Makes a scenario: whatever the catalogue does meanwhile, all that was issued is in it in the end, with its text, and nothing else is a dead letter. */
function throughFaults(plan: Plan): Scenario {
  return {
    number: plan.number,
    title: plan.title,
    run: async (context) => {
      const proxy = new FaultProxy();
      const url = await proxy.listen();
      const sink = `{ kind: atlas, url: '${url}', user: admin, password: admin, ${plan.sink ?? options} }`;
      try {
        const world = World.open(context, { schemas: 2, sources: 3, partitions: 2, sink });
        return await within(world, (opened) => runPlan(plan, opened, proxy));
      } finally {
        proxy.close();
      }
    },
  };
}

async function runPlan(plan: Plan, world: World, proxy: FaultProxy): Promise<readonly string[]> {
  const { context, events } = world;
  proxy.target = world.catalogueUrl;
  await world.startCatalogue();
  await world.produce(events.containers());
  await world.settle(); // types and containers, before anything fails
  const stages = [world.beginStage('transform', 'transform'), world.beginStage('sink', 'sink')];
  for (const stage of stages) await stage.says('reading');
  const first = plan.first?.(world) ?? [];
  if (first.length > 0) {
    await world.produce(first);
    await world.settle();
  }
  const behave = plan.behave();
  const { upTo = Number.POSITIVE_INFINITY } = plan;
  proxy.behave = (call) => (proxy.counts.broken < upTo ? behave(call) : undefined);
  await world.produce([...events.tables(context.quick ? 200 : 4000), ...(plan.beside?.(world) ?? [])]);
  await until('the catalogue has failed', 300_000, async () => proxy.counts.broken >= plan.broken);
  await world.settle();
  proxy.behave = () => undefined;
  const { bulks, broken } = proxy.counts;
  context.say(`${broken} requests were broken, ${bulks} writes came`);
  const faults: string[] = [];
  for (const stage of stages) {
    if (!stage.isRunning) faults.push(`${stage.name} has ended:\n${stage.output}`);
    else await stage.drain();
  }
  return [...faults, ...(await world.judge())];
}

const retryAfters = [
  { 'retry-after': '1' },
  () => ({ 'retry-after': new Date(Date.now() + 1500).toUTCString() }),
  {},
  { 'retry-after': '0' },
  { 'retry-after': '1000000000' },
  { 'retry-after': 'soon' },
];

/** 429 with every form of Retry-After. */
export const throttled: Scenario = throughFaults({
  number: 6,
  title: '429 with Retry-After in seconds, as a date, absent, 0, absurd and as nonsense',
  broken: retryAfters.length,
  behave: () => {
    let next = 0;
    return ({ isBulk, bulks }) => {
      if (!isBulk || bulks % 2 > 0) return undefined; // every second one: there are ten that must pass at the least
      const form = retryAfters[next % retryAfters.length];
      next += 1;
      return { status: 429, headers: typeof form === 'function' ? form() : (form ?? {}) };
    };
  },
});

/** Nothing but 5xx for some seconds. */
export const storm: Scenario = throughFaults({
  number: 7,
  title: '5xx for seconds: probes only, and on alone when it is over',
  broken: 12,
  upTo: 12,
  behave: () => {
    let n = 0;
    return ({ isBulk }) => {
      if (!isBulk) return undefined;
      n += 1;
      return { status: [503, 502, 500][n % 3] ?? 503, body: '' };
    };
  },
});

/** Writes that are applied, and whose answer never comes. */
export const ambiguous: Scenario = throughFaults({
  number: 8,
  title: 'writes that are applied, and never answered',
  sink: 'batch: { entities: 20 }, timeoutMs: 1000, retry: { maxDelayMs: 1000 }',
  broken: 3,
  behave:
    () =>
    ({ isBulk, bulks }) =>
      isBulk && bulks % 4 === 1 ? 'hang' : undefined,
});

/** Answers that are none. */
export const brokenAnswers: Scenario = throughFaults({
  number: 9,
  title: 'connections that break, JSON that is cut off, and 200 with a sign-in page',
  broken: 6,
  behave:
    () =>
    ({ isBulk, bulks }) => {
      const kinds = ['reset', 'truncate', 'html'] as const;
      return isBulk && bulks % 2 === 0 ? kinds[(bulks / 2) % 3] : undefined;
    },
});

/** An entity that is refused for good, by its name. */
const refusal = { errorCode: 'ATLAS-404-00-007', errorMessage: 'invalid parameters: it is poison' };

/** Single entities that are refused among many. */
export const onePoison: Scenario = throughFaults({
  number: 10,
  title: 'single poison entities among many: one dead letter each, and all others delivered',
  broken: 0,
  behave: () => () => undefined,
  beside: ({ events }) => [events.refused(), events.refused(), events.poison()],
});

/** A catalogue that refuses every entity for a while, as after a wrong mapping was deployed. */
export const allPoison: Scenario = throughFaults({
  number: 11,
  title: 'everything refused for a while: no dead letters, and on alone when one passes',
  sink: 'batch: { entities: 20 }, rejections: { least: 10, pauseMs: 500 }',
  broken: 60,
  upTo: 60,
  behave:
    () =>
    ({ isBulk }) =>
      isBulk ? { status: 404, body: JSON.stringify(refusal) } : undefined,
});

/** Jobs that come before the tables that they name. */
export const missingReferents: Scenario = throughFaults({
  number: 12,
  title: 'jobs before their tables: parked, and delivered when the tables come',
  broken: 0,
  behave: () => () => undefined,
  first: ({ events }) => Array.from({ length: 20 }, (_, n) => events.job(n, n + 1)),
});

/** A catalogue that does not know a type for a while. */
export const missingType: Scenario = throughFaults({
  number: 13,
  title:
    'a type that the catalogue does not know for a while: its changes wait, and nothing is a dead letter',
  broken: 6,
  upTo: 6,
  behave: () => {
    const body = JSON.stringify({
      errorCode: 'ATLAS-400-00-014',
      errorMessage: 'Type ENTITY with name generic_table does not exist',
    });
    return ({ isBulk, body: sent, path }) => {
      if (path.includes('/types/entitydef/name/generic_table'))
        return { status: 404, body: JSON.stringify({ errorCode: 'ATLAS-404-00-001', errorMessage: 'no' }) };
      if (path.includes('/types/typedefs'))
        return {
          status: 409,
          body: JSON.stringify({ errorCode: 'ATLAS-409-00-001', errorMessage: 'there' }),
        };
      return isBulk && sent.includes('generic_table') ? { status: 400, body } : undefined;
    };
  },
});

/** A right that is missing for a while. */
export const missingRight: Scenario = throughFaults({
  number: 21,
  title: '403 in mid-batch: the sink pauses for the right, and goes on when it is given',
  broken: 2,
  behave: () => {
    let refusals = 0;
    return ({ isBulk }) => {
      if (!isBulk || refusals >= 3) return undefined;
      refusals += 1;
      const body = JSON.stringify({ errorCode: 'ATLAS-403-00-001', errorMessage: 'not authorized' });
      return { status: 403, body, headers: { 'retry-after': '1' } };
    };
  },
});
