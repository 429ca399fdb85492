import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { createNaming } from '../../pipeline/naming.ts';
import type { AttributeTypeName, EntityType, RelationshipType } from '../../pipeline/types.ts';

/** Types that an attribute may have. */
const attributeTypeNames = [
  'string',
  'boolean',
  'int',
  'long',
  'double',
  'date',
  'array<string>',
] as const satisfies readonly AttributeTypeName[];

/** Where a level stands in the source's data. */
export interface LevelPlace {
  /** Path of the list of its objects within the level above, or within the whole reply: `data.items`. Undefined where it is a field of the same object. */
  readonly each?: string;
  /** Field that holds its name. */
  readonly key: string;
}

/** One level of a hierarchy: `table`, with what is known of each. */
export interface Level extends LevelPlace {
  readonly name: string;
  readonly typeName: string;
  /** By name in the catalogue: the field it comes from, and its type. */
  readonly attributes: Readonly<
    Record<string, { readonly field: string; readonly typeName: AttributeTypeName }>
  >;
  readonly qualifiedName: string;
}

/** What a source's entities are to look like. */
export interface TypePlan {
  readonly levels: readonly Level[];
}

/** A plan as a person writes it. */
export interface PlanText {
  /** Begins the types' names. */
  readonly prefix: string;
  /** Outermost first: `server, database, table, column`. */
  readonly levels: string;
  /** `table.rows:long, column.data_type:string`. */
  readonly attributes: string;
  /** Pattern of the innermost level; those above are the parts of it up to their own name. */
  readonly pattern: string;
}

const word = /^[A-Za-z][A-Za-z0-9_]*$/u;
const wrong = (message: string): StreamError => new StreamError('USAGE', message);

/** The names of levels in a text. Throws USAGE for one that is none, or twice. */
export function levelNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  for (const [index, name] of names.entries()) {
    if (!word.test(name))
      throw wrong(`"${name}" cannot be a level: a letter first, then letters, digits and underscores.`);
    if (names.indexOf(name) !== index) throw wrong(`The level ${name} is there twice.`);
  }
  return names;
}

/** A pattern for levels: `erp://{server}/{database}/{table}#{column}`. */
export function defaultPattern(prefix: string, names: readonly string[]): string {
  const parts = names.map((name, index) => {
    const before = index === 0 ? '' : isField(name) ? '#' : '/';
    return `${before}{${name}}`;
  });
  return `${prefix}://${parts.join('')}`;
}

/** Reads a plan. `places` says where a level stands in the data, where that is known. Throws USAGE or NAME_PATTERN with what is wrong. */
export function readPlan(
  text: PlanText,
  places: Readonly<Record<string, LevelPlace>> = {},
  fields: Readonly<Record<string, string>> = {},
): TypePlan {
  const names = levelNames(text.levels);
  const attributes = readAttributes(text.attributes, names);
  const levels = names.map((name): Level => {
    const own = attributes.filter(({ level }) => level === name);
    return {
      name,
      typeName: `${text.prefix}_${name}`,
      ...(places[name] ?? { key: name }),
      attributes: Object.fromEntries(
        own.map(({ attribute, typeName }) => [
          attribute,
          { field: fields[`${name}.${attribute}`] ?? attribute, typeName },
        ]),
      ),
      qualifiedName: patternOf(name, text.pattern),
    };
  });
  const plan = { levels };
  createNaming(entityTypesOf(plan));
  return plan;
}

function patternOf(level: string, pattern: string): string {
  const own = `{${level}}`;
  const at = pattern.indexOf(own);
  if (at < 0) throw wrong(`The pattern has no ${own}.`);
  return pattern.slice(0, at + own.length);
}

function readAttributes(text: string, levels: readonly string[]) {
  if (text.trim() === '') return [];
  return text.split(',').map((one) => {
    const [, level = '', attribute = '', type = 'string'] =
      /^\s*([^.:]+)\.([^:]+?)\s*(?::\s*(\S+))?\s*$/u.exec(one) ?? [];
    if (!levels.includes(level) || !word.test(attribute))
      throw wrong(`"${one.trim()}" is not LEVEL.ATTRIBUTE:TYPE with one of the levels ${levels.join(', ')}.`);
    const typeName = attributeTypeNames.find((name) => name === type);
    if (typeName === undefined)
      throw wrong(`${type} is no type of an attribute. There are ${attributeTypeNames.join(', ')}.`);
    return { level, attribute, typeName };
  });
}

/** Levels whose assets are what is inside a dataset. */
function isField(level: string): boolean {
  return /^(?:column|field|property|attribute)$/iu.test(level);
}

/** Attributes that every asset has (Atlas's model 0000-Area0 and 0010-base_model). */
const inherited: ReadonlySet<string> = new Set([
  'name',
  'qualifiedName',
  'description',
  'displayName',
  'owner',
  'userDescription',
]);

/** The plan's entity types: what has fields, and the innermost level, are datasets; what is above them contains. */
export function entityTypesOf({ levels }: TypePlan): readonly EntityType[] {
  const hasFields = isField(levels.at(-1)?.name ?? '');
  const dataset = levels.length - (hasFields ? 2 : 1);
  return levels.map(({ name, typeName, attributes, qualifiedName }, index): EntityType => {
    const listed = index === dataset && hasFields;
    const shown = Object.keys(attributes).slice(0, 1);
    return {
      name: typeName,
      description: `A ${name}.`,
      superTypes: [index >= dataset ? 'DataSet' : 'Asset'],
      attributes: Object.fromEntries(
        Object.entries(attributes)
          .filter(([attribute]) => !inherited.has(attribute))
          .map(([attribute, { typeName: type }]) => [
            attribute,
            { typeName: type, description: `${attribute} of the ${name}.` },
          ]),
      ),
      qualifiedName,
      ...(listed ? { options: { schemaElementsAttribute: `${levels[index + 1]?.name ?? ''}s` } } : {}),
      ...(index > dataset && shown.length > 0
        ? { options: { schemaAttributes: JSON.stringify(shown) } }
        : {}),
    };
  });
}

/** The plan's relationships: each level owns the next. */
export function relationshipTypesOf({ levels }: TypePlan): readonly RelationshipType[] {
  return levels.slice(1).map((child, index): RelationshipType => {
    const parent = levels[index] ?? child;
    return {
      name: `${parent.typeName}_${child.name}s`,
      description: `What a ${parent.name} contains.`,
      category: 'COMPOSITION',
      end1: { typeName: parent.typeName, attribute: `${child.name}s`, many: true },
      end2: { typeName: child.typeName, attribute: parent.name, many: false },
    };
  });
}

/** What a pattern makes of example names, a line a level; or what is wrong with it. */
export function preview(text: PlanText): string {
  try {
    const { levels } = readPlan(text);
    const naming = createNaming(entityTypesOf({ levels }));
    const values = Object.fromEntries(levels.map(({ name }) => [name, `${name}1`]));
    return levels.map(({ typeName }) => `${typeName}  ${naming.build(typeName, values)}`).join('\n');
  } catch (thrown) {
    return messageOf(thrown);
  }
}
