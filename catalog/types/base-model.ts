/**
 * The types that every Atlas has: names, attributes and relationships of its area 0 models (base and glossary) with the patches that
 * 2.4.0 applies to them, as its REST interface shows them. Descriptions are left out.
 */
import { type JsonObject, jsonObject } from '../json.ts';
import { glossaryEntities, glossaryRelations } from './glossary-model.ts';
import {
  attribute,
  entity,
  indexed,
  must,
  relation,
  text,
  uncounted,
  unique,
  values,
} from './model-parts.ts';

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
