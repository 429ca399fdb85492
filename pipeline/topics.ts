/** Names of the topics, and of the consumer groups that read them. */
export const topics = {
  raw: 'metadata.raw',
  entities: 'metadata.entities',
  deadLetters: 'metadata.dead-letters',
} as const;

/** Holds no events: who has its one partition in the group of a producer runs that producer, by its schedule or not. */
export const schedulesTopic = 'metadata.schedules';

/** Consumer group of each stage. */
export const groups = { transform: 'purview-streams.transform', sink: 'purview-streams.sink' } as const;

/** What each stage reads, and as which group. */
export const inputOf = {
  transform: { topic: topics.raw, group: groups.transform },
  sink: { topic: topics.entities, group: groups.sink },
} as const;
