import { unconfiguredDataset } from './datasets.ts';
import { processAttributes } from './process.ts';
import type { EntityType } from './types.ts';

/** A statement that a database was seen to run. Its name has a scheme of its own, so that it is never taken for a process that code declares. */
export const observedStatement: EntityType = {
  name: 'observed_statement',
  description:
    'An SQL statement that a database has run, by its execution history: observed, not declared by code.',
  superTypes: ['Process'],
  attributes: {
    ...processAttributes,
    statement: { typeName: 'string', description: 'The statement, with marks in place of values.' },
    system: { typeName: 'string', description: 'Which kind of database ran it.' },
    users: { typeName: 'array<string>', description: 'Who ran it.' },
    executions: {
      typeName: 'long',
      description: 'How often it ran, as far as it was counted on the day of lastSeen.',
    },
    firstSeen: { typeName: 'string', description: 'Day of its first known execution (UTC, YYYY-MM-DD).' },
    lastSeen: { typeName: 'string', description: 'Day of its last known execution (UTC, YYYY-MM-DD).' },
    confidence: {
      typeName: 'double',
      description: 'How far its lineage is certain, from 0 to 1; below 1 the warnings say why.',
    },
  },
  qualifiedName: 'observed://{server}/{statement+}',
};

/** Types that every producer of execution history declares beside those of its tables. */
export const historyTypes: readonly EntityType[] = [observedStatement, unconfiguredDataset];
