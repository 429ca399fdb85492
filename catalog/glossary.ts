/** Glossaries, categories and terms (`/v2/glossary`). They are entities of types of their own. */
import { AtlasError, AtlasFault } from './atlas-error.ts';
import { deleteSoftly } from './entity/delete.ts';
import { activeEdges, endEdge, endEdges, otherEnd } from './entity/edges.ts';
import { makeBatch, readIncoming } from './entity/incoming.ts';
import { MutationLog } from './entity/changes.ts';
import { entityByGuid } from './entity/read.ts';
import { entityTypeOf, findByUnique } from './entity/references.ts';
import { displayText, showRelated } from './entity/show.ts';
import { createOrUpdate } from './entity/write.ts';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownObject,
  ownText,
} from './json.ts';
import type { StoredEdge, StoredEntity } from './model.ts';
import type { RelationEnd } from './types/registry.ts';
import type { UnitOfWork } from './unit-of-work.ts';

const glossaryType = 'AtlasGlossary';
const termType = 'AtlasGlossaryTerm';
const assignment = 'AtlasGlossarySemanticAssignment';

/** The kinds of members of a glossary. */
export type MemberKind = 'term' | 'category';

function endOf(unit: UnitOfWork, entity: StoredEntity, name: string): RelationEnd {
  const end = entityTypeOf(unit.registry, entity.typeName).ends.get(name);
  if (end === undefined) throw new AtlasFault(`the end ${name} is missing`);
  return end;
}

function checkCharacters(name: string): void {
  if (/[@.<>]/.test(name)) throw new AtlasError('GLOSSARY_NAME_CHARACTERS');
}

function readBody(body: JsonValue): JsonObject {
  if (!isObject(body)) throw new AtlasFault('a glossary request that is not an object');
  return body;
}

function find(unit: UnitOfWork, typeName: string, qualifiedName: string): StoredEntity | undefined {
  return findByUnique(unit, entityTypeOf(unit.registry, typeName), jsonObject({ qualifiedName }));
}

/** Creates an entity of a glossary type from the fields of a request that its type has. */
function create(unit: UnitOfWork, typeName: string, fields: JsonObject, anchor?: StoredEntity): StoredEntity {
  const raw = jsonObject({
    typeName,
    guid: '-1',
    attributes: fields,
    relationshipAttributes: jsonObject(
      anchor === undefined ? {} : { anchor: jsonObject({ guid: anchor.guid, typeName: glossaryType }) },
    ),
  });
  const answer = createOrUpdate(unit, makeBatch([readIncoming(raw, [])], new Map()));
  return entityByGuid(unit, ownText(ownObject(answer, 'guidAssignments'), '-1') ?? '');
}

function showFields(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const shown = jsonObject({ guid: entity.guid });
  for (const name of entityTypeOf(unit.registry, entity.typeName).plainAttributes.keys()) {
    const value = own(entity.attributes, name);
    if (value !== undefined && value !== null) shown[name] = value;
  }
  return shown;
}

function showMembers(
  unit: UnitOfWork,
  glossary: StoredEntity,
  name: string,
  key: string,
): JsonObject[] | undefined {
  const members = activeEdges(unit, glossary.guid, endOf(unit, glossary, name)).flatMap((edge) => {
    const member = unit.entity(otherEnd(edge, glossary.guid));
    return member === undefined
      ? []
      : [jsonObject({ [key]: member.guid, relationGuid: edge.guid, displayText: displayText(member) })];
  });
  return members.length === 0 ? undefined : members;
}

/** One glossary with what is in it. */
export function showGlossary(unit: UnitOfWork, guid: string): JsonObject {
  const glossary = entityByGuid(unit, guid);
  return jsonObject({
    ...showFields(unit, glossary),
    terms: showMembers(unit, glossary, 'terms', 'termGuid'),
    categories: showMembers(unit, glossary, 'categories', 'categoryGuid'),
  });
}

/** Creates a glossary. @throws AtlasError 400-00-079, 400-00-083, 409-00-007 */
export function createGlossary(unit: UnitOfWork, body: JsonValue): JsonObject {
  const fields = readBody(body);
  const name = ownText(fields, 'name');
  if (name === undefined || name === '') throw new AtlasError('GLOSSARY_NAME_NOT_DERIVABLE');
  checkCharacters(name);
  if (find(unit, glossaryType, name) !== undefined) throw new AtlasError('GLOSSARY_ALREADY_EXISTS', name);
  const glossary = create(unit, glossaryType, jsonObject({ ...fields, qualifiedName: name }));
  return showFields(unit, glossary);
}

function anchorOf(unit: UnitOfWork, fields: JsonObject): StoredEntity {
  const guid = ownText(ownObject(fields, 'anchor'), 'glossaryGuid');
  if (guid === undefined) throw new AtlasError('MISSING_MANDATORY_ANCHOR');
  const glossary = unit.entity(guid);
  if (glossary?.typeName !== glossaryType) throw new AtlasError('GLOSSARY_NAME_NOT_DERIVABLE');
  return glossary;
}

/** One term or category. */
export function showMember(unit: UnitOfWork, guid: string): JsonObject {
  const member = entityByGuid(unit, guid);
  const anchor = activeEdges(unit, guid, endOf(unit, member, 'anchor'))[0];
  const shown = jsonObject({
    ...showFields(unit, member),
    anchor:
      anchor === undefined
        ? undefined
        : jsonObject({ glossaryGuid: otherEnd(anchor, guid), relationGuid: anchor.guid }),
  });
  if (member.typeName === termType) {
    const qualifiedName = ownText(member.attributes, 'qualifiedName');
    shown['glossaryTermHeader'] = jsonObject({ termGuid: guid, qualifiedName });
  }
  return shown;
}

/** Creates a term or category in a glossary. @throws AtlasError 400-00-072, 400-00-07A, 400-00-083, 409-00-009 */
export function createMember(unit: UnitOfWork, kind: MemberKind, body: JsonValue): JsonObject {
  const fields = readBody(body);
  const glossary = anchorOf(unit, fields);
  const name = ownText(fields, 'name');
  if (name === undefined || name === '') throw new AtlasError('TERM_NAME_NOT_DERIVABLE');
  checkCharacters(name);
  const qualifiedName = `${name}@${ownText(glossary.attributes, 'qualifiedName') ?? ''}`;
  const typeName = kind === 'term' ? termType : 'AtlasGlossaryCategory';
  if (find(unit, typeName, qualifiedName) !== undefined)
    throw new AtlasError('TERM_ALREADY_EXISTS', qualifiedName);
  const member = create(
    unit,
    typeName,
    jsonObject({ ...fields, anchor: undefined, qualifiedName }),
    glossary,
  );
  return showMember(unit, member.guid);
}

function assignments(unit: UnitOfWork, term: StoredEntity): StoredEdge[] {
  return endEdges(unit, term.guid, endOf(unit, term, 'assignedEntities')).filter(
    (edge) => edge.status === 'ACTIVE',
  );
}

function guidsIn(body: JsonValue): string[] {
  if (!Array.isArray(body)) throw new AtlasFault('a list of entities was expected');
  return body.map((item) => javaText(isObject(item) ? own(item, 'guid') : null));
}

/** Assigns a term to entities; one that has it already keeps it. @throws AtlasError 404-00-005, 400-00-07D */
export function assignTerm(unit: UnitOfWork, termGuid: string, body: JsonValue): void {
  const term = entityByGuid(unit, termGuid);
  const def = unit.registry.relationship(assignment);
  for (const guid of guidsIn(body)) {
    const entity = unit.entity(guid);
    if (entity === undefined || def === undefined)
      throw new AtlasError('INVALID_RELATIONSHIP_END', 'Referenceable', 'NULL');
    if (assignments(unit, term).some((edge) => edge.end2 === guid)) continue;
    const { propagateTags } = def;
    unit.createEdge({
      typeName: assignment,
      end1: termGuid,
      end2: guid,
      propagateTags,
      attributes: jsonObject(),
    });
  }
}

/** Takes a term from entities. */
export function unassignTerm(unit: UnitOfWork, termGuid: string, body: JsonValue): void {
  const guids = new Set(guidsIn(body));
  for (const edge of assignments(unit, entityByGuid(unit, termGuid)))
    if (guids.has(edge.end2)) endEdge(unit, edge);
}

/** The entities that have a term. */
export function showAssigned(unit: UnitOfWork, termGuid: string): JsonValue {
  return assignments(unit, entityByGuid(unit, termGuid)).map((edge) => showRelated(unit, edge, termGuid));
}

/** Deletes a glossary, term or category with what is in it. @throws AtlasError 400-00-084 while a term is assigned */
export function deleteGlossaryObject(unit: UnitOfWork, guid: string): void {
  const object = entityByGuid(unit, guid);
  const terms =
    object.typeName === glossaryType
      ? activeEdges(unit, guid, endOf(unit, object, 'terms')).flatMap(
          (edge) => unit.entity(otherEnd(edge, guid)) ?? [],
        )
      : [object].filter((entity) => entity.typeName === termType);
  for (const term of terms) {
    const count = assignments(unit, term).length;
    if (count > 0) throw new AtlasError('TERM_HAS_ASSIGNED_ENTITIES', term.guid, String(count));
  }
  deleteSoftly(unit, new MutationLog(unit), [object]);
}
