import type { Context, World } from './world.ts';

/** Where the topics of a scenario are. */
export const places = ['embedded', 'kafka', 'event-hubs'] as const;
/** One of them. */
export type Place = (typeof places)[number];

/** One scenario of the fault matrix. */
export interface Scenario {
  /** Its number in the matrix. */
  readonly number: number;
  readonly title: string;
  /** Where the topics are. @default embedded */
  readonly on?: Place;
  /** Resolves with what is wrong; empty when all is right. Rejects when something does not come about. */
  run(context: Context): Promise<readonly string[]>;
}

/** Runs in a world, whose processes are ended whatever happens. */
export async function within(
  opening: Promise<World>,
  run: (world: World) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const world = await opening;
  try {
    return await run(world);
  } finally {
    await world.close();
  }
}

/** The same with the topics in a Kafka. */
export function onKafka(scenario: Scenario): Scenario {
  return { ...scenario, title: `${scenario.title}, on Kafka`, on: 'kafka' };
}

/** The same with the topics in event hubs. */
export function onEventHubs(scenario: Scenario): Scenario {
  return { ...scenario, title: `${scenario.title}, on Event Hubs`, on: 'event-hubs' };
}
