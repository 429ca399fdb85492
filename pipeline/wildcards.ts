/** Names and paths with wildcards. */

/** Whether a name is like a pattern, in which `*` stands for any characters and `?` for one. Linear in name × pattern. */
export function matchesName(pattern: string, name: string): boolean {
  return matchSequence(
    Array.from(pattern),
    Array.from(name),
    '*',
    (expected, char) => expected === '?' || expected === char,
  );
}

/** The greedy match with one point of return that is known from wildcards in shells: `many` stands for any run of items. */
export function matchSequence(
  pattern: readonly string[],
  items: readonly string[],
  many: string,
  one: (pattern: string, item: string) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let item = 0; item < items.length; ) {
    const expected = pattern[at];
    if (expected === many) {
      star = at;
      resume = item;
      at += 1;
    } else if (expected !== undefined && one(expected, items[item] ?? '')) {
      at += 1;
      item += 1;
    } else if (star >= 0) {
      resume += 1;
      item = resume;
      at = star + 1;
    } else return false;
  }
  while (pattern[at] === many) at += 1;
  return at === pattern.length;
}
