import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';

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

/** What went wrong at a place, as one of ours; secrets are in none of it. A {@link StreamError} stays itself. */
export function faultAt(
  where: string,
  thrown: unknown,
  { kind, meanings }: { readonly kind: string; readonly meanings: Meanings },
): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const [, code] = meanings.find(([pattern]) => pattern.test(kind)) ?? [null, 'STATE_UNAVAILABLE' as const];
  const text = (messageOf(thrown) || kind).replace(/\.$/u, '');
  return new StreamError(code, redactText(`${where}: ${text}.`), { cause: thrown });
}
