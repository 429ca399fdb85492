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
  const entities = derivations.flatMap((derivation) =>
    derivation.changes.flatMap((change) => change.entities),
  );
  const processes = entities.filter((entity) => isProcess(entity.typeName, naming));
  return {
    processes: processes.length,
    lineageEdges: processes.reduce((sum, entity) => sum + lineageEdges(entity), 0),
    columnEdges: processes.reduce((sum, entity) => sum + columnEdges(entity), 0),
    warnings: [...new Set(derivations.flatMap(({ warnings }) => warnings.map(warningText)))].sort(),
  };
}

function isProcess(typeName: string, naming: Naming): boolean {
  return typeName === 'Process' || naming.type(typeName).superTypes.includes('Process');
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
