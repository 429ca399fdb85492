/**
 * Lineage: what data flowed into and out of an asset. Only the relationships Process.inputs and Process.outputs are followed, deleted
 * ones too, as in Atlas. One step of depth goes from a DataSet over a Process to the next DataSet.
 */
import type { LineageDirection } from '../pipeline/atlas/wire.ts';
import { AtlasError } from './atlas-error.ts';
import { showHeader } from './entity/show.ts';
import { jsonObject, type JsonObject } from './json.ts';
import type { StoredEdge, StoredEntity } from './model.ts';
import type { UnitOfWork } from './unit-of-work.ts';

const inputs = 'dataset_process_inputs';
const outputs = 'process_dataset_outputs';
const maxRelations = 9000;

/** One edge along the flow of data. */
interface FlowRelation {
  readonly from: string;
  readonly to: string;
  readonly relationship: string;
}

class LineageWalk {
  readonly relations = new Map<string, FlowRelation>();
  readonly entities = new Set<string>();
  readonly #unit: UnitOfWork;

  constructor(unit: UnitOfWork) {
    this.#unit = unit;
  }

  /** The edges of a Process (always its end 1) at one side. */
  #processEdges(process: string, isInput: boolean): StoredEdge[] {
    const typeName = isInput ? inputs : outputs;
    return this.#unit.edgesOf(process).filter((edge) => edge.typeName === typeName && edge.end1 === process);
  }

  /** The edges of a DataSet to the processes that wrote it (INPUT) or read it (OUTPUT). */
  #dataSetEdges(dataSet: string, isInput: boolean): StoredEdge[] {
    const typeName = isInput ? outputs : inputs;
    return this.#unit.edgesOf(dataSet).filter((edge) => edge.typeName === typeName && edge.end2 === dataSet);
  }

  #add(edge: StoredEdge): void {
    const isInput = edge.typeName === inputs;
    const [from, to] = isInput ? [edge.end2, edge.end1] : [edge.end1, edge.end2];
    this.relations.set(edge.guid, { from, to, relationship: edge.guid });
    this.entities.add(from);
    this.entities.add(to);
  }

  /** @param seen the depth that was left at each DataSet; one that is reached by a shorter way is followed again */
  fromDataSet(guid: string, isInput: boolean, depth: number, seen: Map<string, number>): void {
    if (depth <= 0 || (seen.get(guid) ?? 0) >= depth || this.relations.size >= maxRelations) return;
    seen.set(guid, depth);
    for (const near of this.#dataSetEdges(guid, isInput)) {
      const next = this.#processEdges(near.end1, isInput);
      // A Process with nothing on its far side contributes nothing.
      if (next.length > 0) this.#add(near);
      for (const far of next) {
        this.#add(far);
        this.fromDataSet(far.end2, isInput, depth - 1, seen);
      }
    }
  }

  fromProcess(guid: string, isInput: boolean, depth: number): void {
    const seen = new Map<string, number>();
    for (const edge of this.#processEdges(guid, isInput)) {
      this.#add(edge);
      if (depth !== 1) this.fromDataSet(edge.end2, isInput, depth - 1, seen);
    }
  }
}

/** What {@link walkLineage} is asked for. A depth of 0 or less means without a limit. */
export interface LineageQuery {
  readonly direction: LineageDirection;
  readonly depth: number;
}

/** What lineage consists of: the guids of the entities, and the relations between them. */
export interface LineageGraph {
  readonly entities: ReadonlySet<string>;
  readonly relations: readonly FlowRelation[];
}

/** Follows the lineage of an entity. @throws AtlasError 404-00-011 when it is neither a DataSet nor a Process */
export function walkLineage(unit: UnitOfWork, entity: StoredEntity, query: LineageQuery): LineageGraph {
  const isDataSet = unit.isA(entity.typeName, 'DataSet');
  if (!isDataSet && !unit.isA(entity.typeName, 'Process')) {
    throw new AtlasError('INVALID_LINEAGE_ENTITY_TYPE', entity.guid, entity.typeName);
  }
  const depth = query.depth <= 0 ? Infinity : query.depth;
  const walk = new LineageWalk(unit);
  for (const side of ['INPUT', 'OUTPUT'] as const) {
    if (query.direction !== 'BOTH' && query.direction !== side) continue;
    if (isDataSet) walk.fromDataSet(entity.guid, side === 'INPUT', depth, new Map());
    else walk.fromProcess(entity.guid, side === 'INPUT', depth);
  }
  return { entities: walk.entities, relations: [...walk.relations.values()] };
}

/** The answer of `GET /lineage/…`. */
export function showLineage(unit: UnitOfWork, entity: StoredEntity, query: LineageQuery): JsonObject {
  return showGraph(unit, entity, { ...query, ...walkLineage(unit, entity, query) });
}

/** A page of the next level of Purview's lineage: some of the relations that one step has, with what they tie. */
export function showNextLineage(
  unit: UnitOfWork,
  entity: StoredEntity,
  page: { readonly direction: 'INPUT' | 'OUTPUT'; readonly offset: number; readonly limit: number },
): JsonObject {
  const { direction, offset, limit } = page;
  const { relations: all } = walkLineage(unit, entity, { direction, depth: 1 });
  const relations = all.slice(offset, offset + limit);
  const entities = new Set(relations.flatMap(({ from, to }) => [from, to]));
  return showGraph(unit, entity, { direction, depth: 1, entities, relations });
}

function showGraph(unit: UnitOfWork, entity: StoredEntity, graph: LineageQuery & LineageGraph): JsonObject {
  const guidEntityMap = jsonObject();
  for (const guid of graph.entities) {
    const found = unit.entity(guid);
    if (found !== undefined) guidEntityMap[guid] = showHeader(unit, found, { withClassifications: false });
  }
  return jsonObject({
    baseEntityGuid: entity.guid,
    lineageDirection: graph.direction,
    lineageDepth: graph.depth,
    guidEntityMap,
    relations: graph.relations.map(({ from, to, relationship }) =>
      jsonObject({ fromEntityId: from, toEntityId: to, relationshipId: relationship }),
    ),
    relationsOnDemand: jsonObject(),
  });
}
