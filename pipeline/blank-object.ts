import type { DatabaseObject } from '../schemas/types.ts';

/** What the event of a database object says where its source tells nothing: every field is written out. */
export const blankObject = {
  description: null,
  owner: null,
  columns: null,
  definition: null,
  dependencies: [],
  parts: [],
  warnings: [],
  additional: [],
} as const satisfies Omit<DatabaseObject, 'producer' | 'objectId' | 'position' | 'system' | 'path'>;
