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
