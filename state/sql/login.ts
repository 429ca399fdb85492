import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import type { SqlConnection, SqlDatabase } from './database.ts';

/** Where a database is, and who logs in to it. */
export interface SqlLogin {
  readonly host: string;
  /** @default the usual one of the database */
  readonly port?: number | undefined;
  readonly database: string;
  /** Absent where a token signs in. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly ssl?: boolean | { readonly ca?: string; readonly rejectUnauthorized: boolean } | undefined;
}

/** What a failure means, by its kind: the first pattern counts; what none knows is STATE_UNAVAILABLE. */
export type Meanings = readonly (readonly [pattern: RegExp, code: ErrorCode])[];

/** How one kind of database is reached. */
export interface Reach {
  readonly product: string;
  readonly usualPort: number;
  /** Asked for every connection: a password may have changed. */
  readonly login: () => Promise<SqlLogin>;
  readonly connect: (login: SqlLogin & { readonly port: number }) => Promise<SqlConnection>;
  /** The word for what a driver has thrown that `meanings` goes by. */
  readonly kindOf: (thrown: unknown) => string;
  readonly meanings: Meanings;
}

/** Connects, and says of what went wrong where that was; secrets are in none of it. A {@link StreamError} stays itself. */
export function reachedBy({
  product,
  usualPort,
  login,
  connect,
  kindOf,
  meanings,
}: Reach): Pick<SqlDatabase, 'connect' | 'faultOf'> {
  let where = product;
  return {
    connect: async () => {
      const given = await login();
      const { host, port = usualPort, database, user } = given;
      const who = user === undefined ? 'signed in by credential' : `user ${user}`;
      where = `${product} at ${host}:${port}, database ${database}, ${who}`;
      return connect({ ...given, port });
    },
    faultOf: (thrown) => {
      if (thrown instanceof StreamError) return thrown;
      const kind = kindOf(thrown);
      const [, code] = meanings.find(([pattern]) => pattern.test(kind)) ?? [
        null,
        'STATE_UNAVAILABLE' as const,
      ];
      const text = (messageOf(thrown) || kind).replace(/\.$/u, '');
      return new StreamError(code, redactText(`${where}: ${text}.`), { cause: thrown });
    },
  };
}
