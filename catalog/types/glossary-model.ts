/** The glossary types of Atlas's area 0 models, as 2.4.0 has them. Descriptions are left out. */
import { type JsonObject } from '../json.ts';
import { attribute, entity, indexed, must, relation, text, unique } from './model-parts.ts';

const glossaryTexts = [
  text('qualifiedName', unique),
  text('name', must),
  text('shortDescription'),
  text('longDescription'),
];
const additional = attribute('additionalAttributes', 'map<string,string>');

/** The entity types of the glossary. */
export const glossaryEntities = [
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

/** The relationship types of the glossary. */
export const glossaryRelations = [
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
