import type { Attributes, EntityBody, EntityRef, Reference, Warning } from '../schemas/types.ts';
import { type ColumnEdge, writeColumnMapping } from './column-mapping.ts';
import type { AttributeType } from './types.ts';

/** Attributes that every process type of ours declares. */
export const processAttributes = {
  columnMapping: {
    typeName: 'string',
    description:
      'Column lineage as JSON: [{DatasetMapping:{Source,Sink},ColumnMapping:[{Source,Sink}]}], datasets by qualifiedName.',
  },
  warnings: {
    typeName: 'array<string>',
    description: 'What could not be resolved, each as "code: message (location)".',
  },
} as const satisfies Record<string, AttributeType>;

/** Attributes of processes whose lineage is read from SQL. */
export const sqlProcessAttributes = {
  ...processAttributes,
  evidence: {
    typeName: 'string',
    description: 'declared: the lineage is read from code. observed: it is read from a history of what ran.',
  },
  dialect: { typeName: 'string', description: 'The SQL dialect that the text was read in.' },
  confidence: {
    typeName: 'double',
    description: 'From 1, nothing is in doubt, down to 0; the warnings say what is.',
  },
} as const satisfies Record<string, AttributeType>;

/** Attributes of processes that stand for a routine of a database. */
export const routineAttributes = {
  ...sqlProcessAttributes,
  language: { typeName: 'string', description: 'The language that it is written in.' },
  kind: { typeName: 'string', description: 'PROCEDURE, FUNCTION, TRIGGER or SCRIPT.' },
  definition: { typeName: 'string', description: 'Its whole text.' },
  sourceFile: { typeName: 'string', description: 'The file that its text was read from.' },
  calls: {
    typeName: 'array<string>',
    description: 'qualifiedNames of the routines that it calls; their lineage is their own.',
  },
} as const satisfies Record<string, AttributeType>;

/** What a process is made from. */
export interface ProcessParts extends EntityRef {
  readonly name: string;
  readonly inputs: readonly EntityRef[];
  readonly outputs: readonly EntityRef[];
  readonly edges: readonly ColumnEdge[];
  readonly warnings: readonly Warning[];
  /** Attributes beside name, columnMapping and warnings. */
  readonly attributes?: Attributes;
  /** Relationships beside inputs and outputs. */
  readonly references?: readonly Reference[];
}

/** A warning in one line, as it stands on a process. */
export function warningText(warning: Warning): string {
  return `${warning.code}: ${warning.message} (${warning.location})`;
}

/** The entity of a process with its lineage. Inputs, outputs and warnings are sorted and without duplicates: the order of arrival does not show. */
export function processEntity(parts: ProcessParts): EntityBody {
  return {
    typeName: parts.typeName,
    qualifiedName: parts.qualifiedName,
    attributes: {
      ...parts.attributes,
      name: parts.name,
      columnMapping: writeColumnMapping(parts.edges),
      warnings: [...new Set(parts.warnings.map(warningText))].sort(),
    },
    references: [
      { attribute: 'inputs', many: true, targets: uniqueRefs(parts.inputs) },
      { attribute: 'outputs', many: true, targets: uniqueRefs(parts.outputs) },
      ...(parts.references ?? []),
    ],
  };
}

/** References sorted by name and type, each once. */
export function uniqueRefs(refs: readonly EntityRef[]): readonly EntityRef[] {
  const byKey = new Map(refs.map((ref) => [`${ref.qualifiedName}\n${ref.typeName}`, ref]));
  return [...byKey.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { typeName, qualifiedName }]) => ({ typeName, qualifiedName }));
}
