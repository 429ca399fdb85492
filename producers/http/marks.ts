/** How far a source was read, as the source itself writes it. */
export type Mark = string | number;

/** A mark of an unchecked value; undefined for what is none. */
export function markOf(value: unknown): Mark | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? value : undefined;
}

/** The later of two marks: numbers by value, texts by their characters, as ISO 8601 times of one form compare. */
export function laterOf(a: Mark | undefined, b: Mark | undefined): Mark | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === 'number' && typeof b === 'number') return Math.max(a, b);
  return String(a) >= String(b) ? a : b;
}
