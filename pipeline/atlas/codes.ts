/**
 * Atlas's error codes: HTTP status, message, and what a client can do about it. The HTTP status alone misleads: a failed
 * validation is a 404. Sources: Atlas's AtlasErrorCode enum and answers recorded from Atlas 2.4.0.
 */

import type { AtlasErrorClass } from './classify.ts';

/** One row of the table. `text` has `{0}`, `{1}`, … where Atlas puts values. */
export interface AtlasCode {
  readonly code: string;
  readonly status: number;
  readonly class: AtlasErrorClass;
  readonly text: string;
}

const row = (code: string, status: number, kind: AtlasErrorClass, text: string): AtlasCode => ({
  code: `ATLAS-${code}`,
  status,
  class: kind,
  text,
});
const bad = (code: string, text: string): AtlasCode => row(`400-00-${code}`, 400, 'bad-entity', text);
const conflict = (code: string, text: string): AtlasCode => row(`409-00-${code}`, 409, 'conflict', text);

/** Atlas's codes by the names of its enum; those that the interface used here can answer. */
export const atlasCodes = {
  CIRCULAR_REFERENCE: bad('002', '{0}: invalid supertypes - circular reference back to self {1}'),
  INCOMPATIBLE_SUPERTYPE: bad('003', '{0}: incompatible supertype {1}'),
  UNKNOWN_TYPENAME: row('400-00-00A', 400, 'missing-type', '{0}: Unknown/invalid typename'),
  CANNOT_ADD_MANDATORY_ATTRIBUTE: bad('00C', '{0}.{1} : can not add mandatory attribute'),
  ATTRIBUTE_DELETION_NOT_SUPPORTED: bad('00D', '{0}.{1} : attribute delete not supported'),
  SUPERTYPE_REMOVAL_NOT_SUPPORTED: bad('00E', 'superType remove not supported'),
  INVALID_ATTRIBUTE_TYPE_FOR_CARDINALITY: bad(
    '012',
    'Cardinality of attribute {0}.{1} requires a list or set type',
  ),
  ATTRIBUTE_UNIQUE_INVALID: row(
    '400-00-013',
    400,
    'missing-type',
    'Type {0} with unique attribute {1} does not exist',
  ),
  TYPE_NAME_INVALID: row('400-00-014', 400, 'missing-type', 'Type {0} with name {1} does not exist'),
  TYPE_NAME_INVALID_FORMAT: bad(
    '019',
    '{0}: invalid name for {1}.  Names must consist of a letter followed by a sequence of letter, number, space, or _ characters',
  ),
  INVALID_PARAMETERS: bad('01A', 'invalid parameters: {0}'),
  CLASSIFICATION_ALREADY_ASSOCIATED: bad('01A', 'instance {0} already is associated with classification {1}'),
  INVALID_OBJECT_ID: bad('021', 'ObjectId is not valid {0}'),
  UNRESOLVED_REFERENCES_FOUND: row(
    '400-00-022',
    400,
    'missing-referent',
    'Unresolved references: byId={0}; byUniqueAttributes={1}',
  ),
  UNKNOWN_ATTRIBUTE: bad('023', 'Attribute {0} not found for type {1}'),
  SYSTEM_TYPE: bad('024', '{0} is a System-type'),
  INVALID_STRUCT_VALUE: bad('025', 'not a valid struct value {0}'),
  ATTRIBUTE_UPDATE_NOT_SUPPORTED: bad('027', '{0}.{1} : attribute update not supported'),
  INVALID_VALUE: bad('028', 'invalid value: {0}'),
  BAD_REQUEST: bad('029', '{0}'),
  MISSING_MANDATORY_ATTRIBUTE: bad('02B', 'Mandatory field {0}.{1} has empty/null value'),
  RELATIONSHIPDEF_DOUBLE_CONTAINERS: bad(
    '02D',
    'relationshipDef {0} creation attempted with both ends as containers',
  ),
  RELATIONSHIPDEF_ASSOCIATION_AND_CONTAINER: bad(
    '030',
    'ASSOCIATION relationshipDef {0} creation attempted with an end specifying isContainer',
  ),
  RELATIONSHIPDEF_COMPOSITION_NO_CONTAINER: bad(
    '031',
    'COMPOSITION relationshipDef {0} creation attempted without an end specifying isContainer',
  ),
  RELATIONSHIPDEF_AGGREGATION_NO_CONTAINER: bad(
    '032',
    'AGGREGATION relationshipDef {0} creation attempted without an end specifying isContainer',
  ),
  RELATIONSHIPDEF_COMPOSITION_MULTIPLE_PARENTS: bad(
    '033',
    'COMPOSITION relationshipDef {0} can only have one parent; so cannot have SET cardinality on children',
  ),
  RELATIONSHIPDEF_LIST_ON_END: bad('034', 'relationshipDef {0} cannot have a LIST cardinality on an end'),
  RELATIONSHIPDEF_INVALID_END_TYPE: bad('035', 'relationshipDef {0} has invalid end type {1}'),
  INVALID_RELATIONSHIP_END_TYPE: bad('036', 'invalid relationshipDef: {0}: end type 1: {1}, end type 2: {2}'),
  RELATIONSHIPDEF_INVALID_END1_UPDATE: bad(
    '037',
    'invalid update for relationshipDef {0}: new end1 {1}, existing end1 {2}',
  ),
  RELATIONSHIPDEF_INVALID_END2_UPDATE: bad(
    '038',
    'invalid update for relationshipDef {0}: new end2 {1}, existing end2 {2}',
  ),
  RELATIONSHIPDEF_INVALID_CATEGORY_UPDATE: bad(
    '039',
    'invalid  update for relationship {0}: new relationshipDef category {1}, existing relationshipDef category {2}',
  ),
  RELATIONSHIPDEF_INVALID_NAME_UPDATE: bad(
    '040',
    'invalid relationshipDef rename for relationship guid {0}: new name {1}, existing name {2}',
  ),
  RELATIONSHIP_NOT_FOUND_FOR_ENDS: bad('043', 'relationshipDef not found: {0}'),
  INVALID_RELATIONSHIP_TYPE: bad('045', 'invalid relationship type: {0}'),
  UNKNOWN_CLASSIFICATION: row('400-00-046', 400, 'missing-type', '{0}: Unknown/invalid classification'),
  CLASSIFICATION_NOT_APPLICABLE: bad(
    '055',
    'Entity (guid=‘{0}‘,typename=‘{1}‘) cannot be classified by Classification ‘{2}‘, because ‘{1}‘ is not in the ClassificationDefs restrictions.',
  ),
  INVALID_DSL_QUERY: bad(
    '059',
    'Invalid DSL query: {0} | Reason: {1}. Please refer to Atlas DSL grammar for more information',
  ),
  CLASSIFICATION_NOT_ASSOCIATED: bad('06D', 'Classification {0} is not associated with entity'),
  MISSING_MANDATORY_ANCHOR: bad('072', 'Mandatory anchor attribute is missing'),
  GLOSSARY_NAME_NOT_DERIVABLE: bad(
    '079',
    'Attributes qualifiedName and name are missing. Failed to derive a unique name for Glossary',
  ),
  TERM_NAME_NOT_DERIVABLE: bad(
    '07A',
    'Attributes qualifiedName, name & glossary name are missing. Failed to derive a unique name for Glossary term',
  ),
  INVALID_RELATIONSHIP_END: bad('07D', 'Relationship end is invalid. Expected {0} but is {1}'),
  GLOSSARY_NAME_CHARACTERS: bad('083', 'name cannot contain following special chars (@, ., <, >)'),
  TERM_HAS_ASSIGNED_ENTITIES: bad(
    '084',
    'Term (guid={0}) cannot be deleted as it has been assigned to {1} entities.',
  ),
  CUSTOM_ATTRIBUTE_KEY_TOO_LONG: bad(
    '08C',
    'Invalid key: {0} in custom attribute, key size should not be greater than {1}',
  ),
  CUSTOM_ATTRIBUTE_KEY_CHARACTERS: bad(
    '08D',
    'Invalid key: {0} in custom attribute, key should only contain alphanumeric characters, _ or -',
  ),
  CUSTOM_ATTRIBUTE_VALUE_TOO_LONG: bad(
    '08E',
    'Invalid value: {0} in custom attribute, value length is greater than {1}',
  ),
  LABEL_TOO_LONG: bad('08F', 'Invalid label: {0}, label size should not be greater than {1}'),
  LABEL_CHARACTERS: bad('090', 'Invalid label: {0}, label should contain alphanumeric characters, _ or -'),
  BUSINESS_ATTRIBUTE_INVALID: bad('095', '{0}: invalid business attribute. {1}'),
  ATTRIBUTE_IN_PARENT: bad(
    '09E',
    'Invalid attribute name: {0}.{1}. Attribute already exists in another parent type: {2}',
  ),
  LINEAGE_ON_DEMAND_DISABLED: bad(
    '100',
    'Lineage on demand config: atlas.lineage.on.demand.enabled is not enabled',
  ),
  PURGE_TOO_MANY: bad('109', 'Cannot purge more than {0} entities in one request'),
  UNAUTHORIZED_ACCESS: row('403-00-001', 403, 'auth', '{0} is not authorized to perform {1}'),
  TYPE_NAME_NOT_FOUND: row('404-00-001', 404, 'missing-type', 'Given typename {0} was invalid'),
  TYPE_GUID_NOT_FOUND: row('404-00-002', 404, 'not-found', 'Given type guid {0} was invalid'),
  NO_CLASSIFICATIONS_FOUND: row(
    '404-00-003',
    404,
    'not-found',
    'No classifications associated with entity: {0}',
  ),
  INSTANCE_GUID_NOT_FOUND: row(
    '404-00-005',
    404,
    'missing-referent',
    'Given instance guid {0} is invalid/not found',
  ),
  INSTANCE_CRUD_INVALID_PARAMS: row(
    '404-00-007',
    404,
    'bad-entity',
    'Invalid instance creation/updation parameters passed : {0}',
  ),
  CLASSIFICATION_NOT_FOUND: row('404-00-008', 404, 'missing-type', 'Given classification {0} was invalid'),
  INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND: row(
    '404-00-009',
    404,
    'missing-referent',
    'Instance {0} with unique attribute {1} does not exist',
  ),
  REFERENCED_ENTITY_NOT_FOUND: row(
    '404-00-00A',
    404,
    'missing-referent',
    'Referenced entity {0} is not found',
  ),
  RELATIONSHIP_GUID_NOT_FOUND: row(
    '404-00-00C',
    404,
    'not-found',
    'Given relationship guid {0} is invalid/not found',
  ),
  RELATIONSHIP_CRUD_INVALID_PARAMS: row(
    '404-00-00D',
    404,
    'bad-entity',
    'Invalid relationship creation/updation parameters passed : {0}',
  ),
  RELATIONSHIP_ALREADY_DELETED: row(
    '404-00-00F',
    404,
    'not-found',
    'Attempting to delete a relationship which is already deleted : {0}',
  ),
  INVALID_LINEAGE_ENTITY_TYPE: row(
    '404-00-011',
    404,
    'not-found',
    'Given instance guid {0} with type {1} is not a valid lineage entity type.',
  ),
  TYPE_ALREADY_EXISTS: conflict('001', 'Given type {0} already exists'),
  TYPE_HAS_REFERENCES: conflict('002', 'Given type {0} has references'),
  INSTANCE_ALREADY_EXISTS: conflict('003', 'failed to update entity: {0}'),
  RELATIONSHIP_ALREADY_EXISTS: conflict(
    '004',
    'relationship {0} already exists between entities {1} and {2}',
  ),
  TYPE_HAS_RELATIONSHIPS: conflict('005', 'Given type {0} has associated relationshipDefs'),
  GLOSSARY_ALREADY_EXISTS: conflict('007', 'Glossary with name {0} already exists'),
  TERM_ALREADY_EXISTS: conflict('009', 'Glossary term with qualifiedName {0} already exists'),
  TYPE_UPDATE_LOCKED: row(
    '500-00-005',
    500,
    'server-fault',
    'Failed to get the lock; another type update might be in progress. Please try again',
  ),
  SYSTEM_BUSY: row(
    '500-00-006',
    409,
    'conflict',
    'Another import or export is in progress. Please try again',
  ),
} as const satisfies Record<string, AtlasCode>;

/** The names of the codes, as in Atlas's enum. */
export type AtlasCodeName = keyof typeof atlasCodes;

/** Puts values into a message; a place without a value stays as it is, as in Atlas. */
export function formatAtlasText(text: string, values: readonly string[]): string {
  return text.replaceAll(/\{(\d)\}/g, (place, index: string) => values[Number(index)] ?? place);
}
