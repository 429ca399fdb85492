/**
 * The types that every Atlas has: names, attributes and relationships of its area 0 models (base and glossary) with the patches that
 * 2.4.0 applies to them, as its REST interface shows them. Descriptions are left out.
 */
import { type JsonObject, jsonObject, type JsonValue } from '../json.ts';

type Extra = Readonly<Record<string, JsonValue>>;

const service = { serviceType: 'atlas_core' };

function attribute(name: string, typeName: string, extra: Extra = {}): JsonObject {
  return jsonObject({ name, typeName, isOptional: true, cardinality: 'SINGLE', ...extra });
}

const text = (name: string, extra: Extra = {}): JsonObject => attribute(name, 'string', extra);
const must = { isOptional: false, isIndexable: true };
const indexed = { isIndexable: true };
const unique = { ...must, isUnique: true };
const uncounted = { isIndexable: true, indexType: 'STRING', valuesMinCount: -1, valuesMaxCount: -1 };

function entity(
  name: string,
  superTypes: readonly string[],
  attributeDefs: readonly JsonObject[],
  typeVersion = '1.0',
): JsonObject {
  return jsonObject({
    name,
    superTypes: [...superTypes],
    typeVersion,
    ...service,
    attributeDefs: [...attributeDefs],
  });
}

function values(name: string, elements: readonly (readonly [string, number])[]): JsonObject {
  return jsonObject({
    name,
    typeVersion: '1.0',
    ...service,
    elementDefs: elements.map(([value, ordinal]) => jsonObject({ value, ordinal })),
  });
}

interface EndSpec {
  readonly type: string;
  readonly name: string;
  readonly is?: 'container' | 'legacy-container';
  readonly single?: boolean;
}

function end({ type, name, is, single }: EndSpec): JsonObject {
  return jsonObject({
    type,
    name,
    isContainer: is !== undefined,
    cardinality: single === true ? 'SINGLE' : 'SET',
    isLegacyAttribute: is === 'legacy-container',
  });
}

interface RelationSpec {
  readonly category: string;
  readonly ends: readonly [EndSpec, EndSpec];
  readonly propagateTags?: string;
  readonly typeVersion?: string;
  readonly attributes?: readonly JsonObject[];
}

function relation(name: string, spec: RelationSpec): JsonObject {
  return jsonObject({
    name,
    ...service,
    typeVersion: spec.typeVersion ?? '1.0',
    relationshipCategory: spec.category,
    propagateTags: spec.propagateTags ?? 'NONE',
    endDef1: end(spec.ends[0]),
    endDef2: end(spec.ends[1]),
    attributeDefs: [...(spec.attributes ?? [])],
  });
}

const soft = { cardinality: 'SET', options: jsonObject({ isSoftReference: 'true' }) };

const baseEntities = [
  entity(
    'Referenceable',
    [],
    [
      text('qualifiedName', { ...unique, searchWeight: 10 }),
      attribute('replicatedFrom', 'array<AtlasServer>', soft),
      attribute('replicatedTo', 'array<AtlasServer>', soft),
    ],
    '1.3',
  ),
  entity('__internal', [], []),
  entity(
    'Asset',
    ['Referenceable'],
    [
      text('name', { ...must, searchWeight: 10, indexType: 'STRING' }),
      text('description', { searchWeight: 9 }),
      text('owner', { isIndexable: true, searchWeight: 9, indexType: 'STRING' }),
      text('displayName', uncounted),
      text('userDescription', uncounted),
    ],
    '1.6',
  ),
  entity(
    'ddl',
    ['Referenceable'],
    [
      text('queryText', must),
      attribute('execTime', 'date', { isOptional: false }),
      text('userName', must),
      text('serviceType', must),
    ],
  ),
  entity('DataSet', ['Asset'], [], '1.1'),
  entity(
    'Path',
    ['DataSet'],
    [attribute('createTime', 'date'), attribute('modifiedTime', 'date'), text('path', { isOptional: false })],
  ),
  entity('Infrastructure', ['Asset'], [], '1.1'),
  entity(
    'Process',
    ['Asset'],
    [
      attribute('inputs', 'array<DataSet>', { cardinality: 'SET' }),
      attribute('outputs', 'array<DataSet>', { cardinality: 'SET' }),
    ],
    '1.2',
  ),
  entity('ProcessExecution', ['Asset'], []),
  entity(
    'AtlasServer',
    [],
    [
      text('name', must),
      text('displayName', must),
      text('fullName', unique),
      attribute('urls', 'array<string>'),
      attribute('additionalInfo', 'map<string,string>'),
    ],
  ),
];

const internalEntities = [
  entity(
    '__AtlasUserProfile',
    ['__internal'],
    [
      text('name', unique),
      text('fullName'),
      attribute('savedSearches', 'array<__AtlasUserSavedSearch>', {
        cardinality: 'SET',
        constraints: [jsonObject({ type: 'ownedRef' })],
      }),
    ],
  ),
  entity(
    '__AtlasUserSavedSearch',
    ['__internal'],
    [
      text('name', { isOptional: false }),
      text('ownerName', { isOptional: false }),
      text('searchType', must),
      text('uniqueName', unique),
      text('searchParameters', { isOptional: false }),
      text('uiParameters'),
    ],
  ),
  entity(
    '__ExportImportAuditEntry',
    ['__internal'],
    [
      text('userName'),
      text('operation', must),
      text('sourceServerName', indexed),
      text('targetServerName', indexed),
      text('operationParams', indexed),
      attribute('operationStartTime', 'long', must),
      attribute('operationEndTime', 'long', indexed),
      text('resultSummary'),
    ],
  ),
  entity(
    '__AtlasAuditEntry',
    ['__internal'],
    [
      text('userName', must),
      attribute('operation', 'atlas_operation', must),
      attribute('startTime', 'date', must),
      attribute('endTime', 'date', indexed),
      text('clientId', indexed),
      text('params', indexed),
      text('result'),
      attribute('resultCount', 'long', indexed),
    ],
  ),
];

const glossaryTexts = [
  text('qualifiedName', unique),
  text('name', must),
  text('shortDescription'),
  text('longDescription'),
];
const additional = attribute('additionalAttributes', 'map<string,string>');

const glossaryEntities = [
  entity(
    'AtlasGlossary',
    ['__internal'],
    [...glossaryTexts, text('language'), text('usage'), additional],
    '1.1',
  ),
  entity(
    'AtlasGlossaryTerm',
    ['__internal'],
    [
      ...glossaryTexts,
      attribute('examples', 'array<string>'),
      text('abbreviation'),
      text('usage'),
      additional,
    ],
    '1.1',
  ),
  entity('AtlasGlossaryCategory', ['__internal'], [...glossaryTexts, additional], '1.1'),
];

const status = attribute('status', 'AtlasGlossaryTermRelationshipStatus', indexed);
const termLink = [
  text('description', indexed),
  text('expression', indexed),
  status,
  text('steward', indexed),
  text('source', indexed),
];

function termRelation(name: string, end1: string, end2: string): JsonObject {
  return relation(name, {
    category: 'ASSOCIATION',
    ends: [
      { type: 'AtlasGlossaryTerm', name: end1 },
      { type: 'AtlasGlossaryTerm', name: end2 },
    ],
    attributes: termLink,
  });
}

function anchor(name: string, member: string, type: string): JsonObject {
  return relation(name, {
    category: 'COMPOSITION',
    ends: [
      { type: 'AtlasGlossary', name: member, is: 'container' },
      { type, name: 'anchor', single: true },
    ],
  });
}

const processRelations = [
  relation('dataset_process_inputs', {
    category: 'AGGREGATION',
    propagateTags: 'TWO_TO_ONE',
    typeVersion: '1.1',
    ends: [
      { type: 'Process', name: 'inputs', is: 'legacy-container' },
      { type: 'DataSet', name: 'inputToProcesses' },
    ],
  }),
  relation('process_dataset_outputs', {
    category: 'AGGREGATION',
    propagateTags: 'ONE_TO_TWO',
    typeVersion: '1.1',
    ends: [
      { type: 'Process', name: 'outputs', is: 'legacy-container' },
      { type: 'DataSet', name: 'outputFromProcesses' },
    ],
  }),
  relation('__AtlasUserProfile_savedsearches', {
    category: 'COMPOSITION',
    ends: [
      { type: '__AtlasUserProfile', name: 'savedSearches', is: 'legacy-container' },
      { type: '__AtlasUserSavedSearch', name: 'userProfile', single: true },
    ],
  }),
];

const glossaryRelations = [
  relation('AtlasGlossarySemanticAssignment', {
    category: 'ASSOCIATION',
    propagateTags: 'ONE_TO_TWO',
    ends: [
      { type: 'AtlasGlossaryTerm', name: 'assignedEntities' },
      { type: 'Referenceable', name: 'meanings' },
    ],
    attributes: [
      text('description', indexed),
      text('expression', indexed),
      attribute('status', 'AtlasGlossaryTermAssignmentStatus', indexed),
      attribute('confidence', 'int', indexed),
      text('createdBy', indexed),
      text('steward', indexed),
      text('source', indexed),
    ],
  }),
  anchor('AtlasGlossaryTermAnchor', 'terms', 'AtlasGlossaryTerm'),
  anchor('AtlasGlossaryCategoryAnchor', 'categories', 'AtlasGlossaryCategory'),
  relation('AtlasGlossaryTermCategorization', {
    category: 'AGGREGATION',
    ends: [
      { type: 'AtlasGlossaryCategory', name: 'terms', is: 'container' },
      { type: 'AtlasGlossaryTerm', name: 'categories' },
    ],
    attributes: [text('description', indexed), status],
  }),
  relation('AtlasGlossaryCategoryHierarchyLink', {
    category: 'AGGREGATION',
    ends: [
      { type: 'AtlasGlossaryCategory', name: 'childrenCategories', is: 'container' },
      { type: 'AtlasGlossaryCategory', name: 'parentCategory', single: true },
    ],
  }),
  termRelation('AtlasGlossaryRelatedTerm', 'seeAlso', 'seeAlso'),
  termRelation('AtlasGlossarySynonym', 'synonyms', 'synonyms'),
  termRelation('AtlasGlossaryAntonym', 'antonyms', 'antonyms'),
  termRelation('AtlasGlossaryPreferredTerm', 'preferredTerms', 'preferredToTerms'),
  termRelation('AtlasGlossaryReplacementTerm', 'replacedBy', 'replacementTerms'),
  termRelation('AtlasGlossaryTranslation', 'translatedTerms', 'translationTerms'),
  termRelation('AtlasGlossaryIsARelationship', 'classifies', 'isA'),
  termRelation('AtlasGlossaryValidValue', 'validValuesFor', 'validValues'),
];

/** The base model as a request to create types. */
export const baseModel: JsonObject = jsonObject({
  enumDefs: [
    values('atlas_operation', [
      ['OTHERS', 0],
      ['PURGE', 1],
      ['EXPORT', 2],
      ['IMPORT', 3],
      ['IMPORT_DELETE_REPL', 4],
    ]),
    values('AtlasGlossaryTermRelationshipStatus', [
      ['DRAFT', 0],
      ['ACTIVE', 1],
      ['DEPRECATED', 2],
      ['OBSOLETE', 3],
      ['OTHER', 99],
    ]),
    values('AtlasGlossaryTermAssignmentStatus', [
      ['DISCOVERED', 0],
      ['PROPOSED', 1],
      ['IMPORTED', 2],
      ['VALIDATED', 3],
      ['DEPRECATED', 4],
      ['OBSOLETE', 5],
      ['OTHER', 6],
    ]),
  ],
  entityDefs: [...baseEntities, ...internalEntities, ...glossaryEntities],
  relationshipDefs: [...processRelations, ...glossaryRelations],
});
