import { sqlProcessAttributes } from './process.ts';
import type { EntityType } from './types.ts';

/** A statement that a database was seen to run. Its name has a scheme of its own, so that it is never taken for a process that code declares. */
export const observedStatement: EntityType = {
  name: 'observed_statement',
  description:
    'An SQL statement that a database has run, by its execution history: observed, not declared by code.',
  superTypes: ['Process'],
  attributes: {
    ...sqlProcessAttributes,
    statement: { typeName: 'string', description: 'The statement, with marks in place of values.' },
    system: { typeName: 'string', description: 'Which kind of database ran it.' },
    users: { typeName: 'array<string>', description: 'Who ran it.' },
    executions: {
      typeName: 'long',
      description: 'How often it ran, as far as it was counted on the day of lastSeen.',
    },
    firstSeen: { typeName: 'string', description: 'Day of its first known execution (UTC, YYYY-MM-DD).' },
    lastSeen: { typeName: 'string', description: 'Day of its last known execution (UTC, YYYY-MM-DD).' },
  },
  qualifiedName: 'observed://{server}/{statement+}',
};
