/** A producer that follows a PostgreSQL as `run` would. */
import {
  type Follower,
  type FollowOptions,
  followProducer,
  type Said,
  saidByScan,
} from './follow-producer.ts';
import { openProducer, type TestPostgres } from './postgres.ts';

export type { Follower };

/** What can be given to a follower. */
export interface FollowerOptions extends FollowOptions {
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Scans once and then follows changes until `stop`. */
export async function startFollower(
  server: TestPostgres,
  database: string | readonly string[],
  { options = {}, ...more }: FollowerOptions = {},
): Promise<Follower> {
  return followProducer(await openProducer(server, database, options), more);
}

/** What a whole scan says now: what any way of following has to come to. */
export async function scanned(server: TestPostgres, database: string | readonly string[]): Promise<Said> {
  return saidByScan(await openProducer(server, database));
}
