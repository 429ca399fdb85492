import { RE2JS } from 're2js';
import { messageOf, StreamError } from '../pipeline/errors.ts';

/** One match, in the form in which `RegExp.exec` gives it. */
export interface LinearMatch {
  /** The whole match, then the groups; a group that took no part is undefined. */
  readonly texts: readonly (string | undefined)[];
  readonly index: number;
  /** Named groups that took part. */
  readonly named: ReadonlyMap<string, string>;
}

const flagsOf: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};
/** Far above any pattern that a person writes; what repetitions unfold to is bounded by RE2 itself. */
const longestPattern = 10_000;

/** A regular expression in RE2's syntax (no look-around, no back references): it takes linear time, whatever the text is. */
export class LinearRegExp {
  readonly #compiled: RE2JS;
  readonly #names: readonly (readonly [string, number])[];

  /** Throws CONFIG_INVALID, with `where` in front, for a pattern that RE2 does not take. */
  constructor(pattern: string, { flags = '', where }: { readonly flags?: string; readonly where: string }) {
    if (pattern.length > longestPattern)
      throw new StreamError('CONFIG_INVALID', `${where} is longer than ${longestPattern} characters.`);
    try {
      const bits = flags.split('').reduce((all: number, flag) => all | (flagsOf[flag] ?? 0), 0);
      this.#compiled = RE2JS.compile(pattern, bits);
      this.#names = Object.entries(this.#compiled.namedGroups());
    } catch (thrown) {
      throw new StreamError('CONFIG_INVALID', `${where} is no regular expression: ${messageOf(thrown)}.`, {
        cause: thrown,
        advice: 'The syntax is that of RE2: no look-around and no back references.',
      });
    }
  }

  /** Names of the groups. */
  get names(): readonly string[] {
    return this.#names.map(([name]) => name);
  }

  /** The first match at or behind `from`; undefined when there is none. */
  match(text: string, from = 0): LinearMatch | undefined {
    if (from > text.length) return undefined;
    const matcher = this.#compiled.matcher(text);
    if (!matcher.find(from)) return undefined;
    const texts = Array.from(
      { length: matcher.groupCount() + 1 },
      (_, index) => matcher.group(index) ?? undefined,
    );
    const named = this.#names.flatMap(([name, index]) => {
      const value = texts[index];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { texts, index: matcher.start(0), named: new Map(named) };
  }
}
