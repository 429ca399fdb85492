/** Which of a source's names are read: lists of names with wildcards, as options of a producer. */
import { z } from 'zod';
import { matchesName } from './wildcards.ts';

/** Names with `*` for any characters and `?` for one. */
const patterns = z.array(z.string().min(1).max(1_000)).max(1_000);

/** An option that chooses among names, such as schemas; `what` names them in the plural. */
export function nameFilterOption(what: string) {
  return z
    .strictObject({
      include: patterns
        .min(1)
        .optional()
        .describe(`Only these ${what}; * stands for any characters, ? for one. Default: all.`),
      exclude: patterns.default([]).describe(`Not these ${what}, also where they are included.`),
    })
    .default({ exclude: [] })
    .describe(`Which ${what} are read.`);
}

/** What was chosen. */
export type NameFilter = z.output<ReturnType<typeof nameFilterOption>>;

/** Makes the test whether a name is chosen. */
export function nameFilter({ include, exclude }: NameFilter): (name: string) => boolean {
  return (name) =>
    (include === undefined || include.some((pattern) => matchesName(pattern, name))) &&
    !exclude.some((pattern) => matchesName(pattern, name));
}
