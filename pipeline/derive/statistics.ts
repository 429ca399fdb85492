import type { EntityBody } from '../../schemas/types.ts';
import { readColumnMapping } from '../column-mapping.ts';
import type { Naming } from '../naming.ts';
import { warningText } from '../process.ts';
import type { Derivation } from '../transform.ts';

/** What was derived of one object, in figures. */
export interface DerivedStatistics {
  readonly processes: number;
  /** References from a process to its inputs and outputs, as the catalogue's lineage counts them. */
  readonly lineageEdges: number;
  /** Column pairs in the column mappings. */
  readonly columnEdges: number;
  readonly warnings: readonly string[];
}

/** Counts the processes, edges and warnings of what was derived of one object. */
export function derivedStatistics(derivations: readonly Derivation[], naming: Naming): DerivedStatistics {
  const warnings = new Set<string>();
  let processes = 0;
  let lineage = 0;
  let columns = 0;
  for (const derivation of derivations) {
    for (const warning of derivation.warnings) warnings.add(warningText(warning));
    for (const { entities } of derivation.changes) {
      for (const entity of entities) {
        if (!isProcess(entity, naming)) continue;
        processes += 1;
        lineage += lineageEdges(entity);
        columns += columnEdges(entity);
      }
    }
  }
  return { processes, lineageEdges: lineage, columnEdges: columns, warnings: [...warnings].sort() };
}

/** A type that only the catalogue knows is that of a process where it has what only processes have. */
function isProcess({ typeName, references }: EntityBody, naming: Naming): boolean {
  const type = naming.declared(typeName);
  if (type !== undefined) return type.superTypes.includes('Process');
  return (
    typeName === 'Process' ||
    references.some(({ attribute }) => attribute === 'inputs' || attribute === 'outputs')
  );
}

function lineageEdges(entity: EntityBody): number {
  return entity.references
    .filter(({ attribute }) => attribute === 'inputs' || attribute === 'outputs')
    .reduce((sum, reference) => sum + reference.targets.length, 0);
}

function columnEdges(entity: EntityBody): number {
  const text = entity.attributes['columnMapping'];
  return typeof text === 'string' ? readColumnMapping(text).length : 0;
}
