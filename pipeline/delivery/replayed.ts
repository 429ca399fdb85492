/** How much of the raw topic a replay goes through: all of it, or a part, so that what refers to an asset is perhaps not said again. */
export type ReplayScope = 'whole' | 'part';

const header = 'replay';

/** Headers of a record that a replay says again. */
export function replayedHeaders(
  headers: Readonly<Record<string, string>>,
  scope: ReplayScope,
): Record<string, string> {
  return { ...headers, [header]: scope };
}

/** The scope of the replay that says a record again; undefined for one that is said for the first time. */
export function replayScopeOf(headers: Readonly<Record<string, string>>): ReplayScope | undefined {
  const scope = headers[header];
  return scope === 'whole' || scope === 'part' ? scope : undefined;
}
