import { z } from 'zod';

/** Option `keepDays`: how long what did not run any more is remembered. */
export function keepDaysOption(description: string): z.ZodDefault<z.ZodNumber> {
  return z.number().int().min(1).max(3_650).default(90).describe(description);
}

/** Options that every producer of execution history has. */
export const historyOptions = {
  keepDays: keepDaysOption(
    'A statement that did not run for so many days is forgotten and removed from the catalogue. Days in which the source was not read count too.',
  ),
  interval: z
    .number()
    .positive()
    .max(86_400)
    .default(60)
    .describe('Seconds between two looks at the history while changes are followed.'),
};

/** Option `searchPath`; `schemas` is its default. */
export function searchPathOption(schemas: readonly string[]): z.ZodDefault<z.ZodArray<z.ZodString>> {
  return z
    .array(z.string().min(1))
    .max(20)
    .default([...schemas])
    .describe(
      'Schemas in which a name without a schema is looked for: the first that is known to have the table, else the first. Histories do not record it.',
    );
}
