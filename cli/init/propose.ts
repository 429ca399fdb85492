import type { Json } from '../../pipeline/state.ts';
import type { AttributeTypeName } from '../../pipeline/types.ts';
import type { LevelPlace, PlanText } from './type-plan.ts';

type JsonObject = Readonly<Record<string, Json>>;

/** A plan that a sample of a source's data suggests, with where in the data each level stands. */
export interface Proposal extends Pick<PlanText, 'levels' | 'attributes'> {
  readonly places: Readonly<Record<string, LevelPlace>>;
  /** By `level.attribute`: the field that it comes from. */
  readonly fields: Readonly<Record<string, string>>;
  /** Objects of the innermost level that were seen. */
  readonly objects: number;
}

/** Objects of a list that are looked at. */
const most = 1000;

/** Fields that name a level of a hierarchy of which every object tells the whole way, outermost first. */
const flatLevels: readonly (readonly [level: string, fields: RegExp])[] = [
  ['server', /^(?:server|host|instance)(?:_?name)?$/iu],
  ['database', /^(?:database|db|catalog|table_catalog)(?:_?name)?$/iu],
  ['schema', /^(?:schema|table_schema|namespace|owner)(?:_?name)?$/iu],
  ['table', /^(?:table|dataset|entity|object|relation)(?:_?name)?$/iu],
  ['column', /^(?:column|field)(?:_?name)?$/iu],
];
/** Fields that hold an object's own name, the best first. */
const nameFields = ['name', 'title', 'label', 'key', 'id', 'code'];

/** Proposes levels, attributes and their types of a sample reply; undefined where it has no list of objects. */
export function propose(sample: Json): Proposal | undefined {
  const found = findList(sample, '');
  if (found === undefined) return undefined;
  const levels: { readonly name: string; readonly place: LevelPlace }[] = [];
  const attributes: string[] = [];
  const fields: Record<string, string> = {};
  let list: { readonly each: string; readonly items: readonly JsonObject[] } | undefined = found;
  let objects = 0;
  while (list !== undefined && levels.length < 8) {
    const items: readonly JsonObject[] = list.items.slice(0, most);
    objects = list.items.length;
    const flat = flatPlaces(items);
    const own =
      flat.length > 0
        ? flat
        : [
            {
              name: unused(levelName(list.each), levels),
              place: { key: keyOf(items, levelName(list.each)) },
            },
          ];
    levels.push(
      ...own.map(({ name, place }, index) => ({
        name,
        place: index === 0 && list !== undefined ? { ...place, each: list.each } : place,
      })),
    );
    const innermost = own.at(-1)?.name ?? '';
    const keys = new Set(own.map(({ place }) => place.key));
    for (const [field, typeName] of scalarFields(items)) {
      if (keys.has(field)) continue;
      const attribute = attributeName(field);
      fields[`${innermost}.${attribute}`] = field;
      attributes.push(`${innermost}.${attribute}:${typeName}`);
    }
    list = nestedList(items);
  }
  return {
    levels: levels.map(({ name }) => name).join(', '),
    attributes: attributes.join(', '),
    places: Object.fromEntries(levels.map(({ name, place }) => [name, place])),
    fields,
    objects,
  };
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first list of objects, by breadth: replies wrap their list in few levels. */
function findList(value: Json, at: string): { each: string; items: readonly JsonObject[] } | undefined {
  if (Array.isArray(value)) {
    const items = value.filter(isObject);
    return items.length > 0 ? { each: at, items } : undefined;
  }
  if (!isObject(value) || at.split('.').length > 3) return undefined;
  const entries = Object.entries(value).map(
    ([key, inner]) => [at === '' ? key : `${at}.${key}`, inner] as const,
  );
  for (const [path, inner] of entries) {
    const found = Array.isArray(inner) ? findList(inner, path) : undefined;
    if (found !== undefined) return found;
  }
  for (const [path, inner] of entries) {
    const found = findList(inner, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The list within each object, where there is one; of all of them together. */
function nestedList(
  items: readonly JsonObject[],
): { each: string; items: readonly JsonObject[] } | undefined {
  const names = new Set(items.flatMap((item) => Object.keys(item)));
  for (const each of names) {
    const inner = items.flatMap((item) => {
      const list = item[each];
      return Array.isArray(list) ? list.filter(isObject) : [];
    });
    if (inner.length > 0) return { each, items: inner };
  }
  return undefined;
}

/** Levels that the objects name in fields of their own; none where fewer than two are there. */
function flatPlaces(items: readonly JsonObject[]): readonly { name: string; place: LevelPlace }[] {
  const names = fieldNames(items);
  const found = flatLevels.flatMap(([name, fields]) => {
    const key = names.find((field) => fields.test(field));
    return key === undefined ? [] : [{ name, place: { key } }];
  });
  return found.length > 1 ? found : [];
}

function fieldNames(items: readonly JsonObject[]): readonly string[] {
  return [...new Set(items.flatMap((item) => Object.keys(item)))];
}

/** `data.tables` → `table`. */
function levelName(each: string): string {
  const last = each.split('.').at(-1) ?? '';
  const name = attributeName(last.replace(/ies$/iu, 'y').replace(/(?<=[^s])s$/iu, '')).toLowerCase();
  return ['', 'item', 'value', 'data', 'result', 'record', 'row'].includes(name) ? 'object' : name;
}

function unused(name: string, levels: readonly { readonly name: string }[]): string {
  return levels.some((level) => level.name === name) ? `${name}${levels.length + 1}` : name;
}

/** The field by which the objects are named: one of the usual ones, else the first text. */
function keyOf(items: readonly JsonObject[], level: string): string {
  const names = fieldNames(items);
  const usual = [...nameFields, `${level}name`, `${level}_name`, level];
  const found = usual.flatMap((one) => names.find((name) => name.toLowerCase() === one) ?? [])[0];
  return found ?? names.find((name) => typeof items[0]?.[name] === 'string') ?? names[0] ?? 'name';
}

function* scalarFields(items: readonly JsonObject[]): Generator<readonly [string, AttributeTypeName]> {
  for (const field of fieldNames(items)) {
    const values = items.map((item) => item[field]).filter((value) => value !== null && value !== undefined);
    const typeName = values.length === 0 ? 'string' : typeOf(values);
    if (typeName !== undefined) yield [field, typeName];
  }
}

/** The narrowest type that takes all values; undefined for objects and mixed lists, which are no attribute. */
function typeOf(values: readonly (Json | undefined)[]): AttributeTypeName | undefined {
  const all = (test: (value: Json | undefined) => boolean): boolean => values.every(test);
  if (all((value) => typeof value === 'boolean')) return 'boolean';
  if (all((value) => Number.isInteger(value))) return 'long';
  if (all((value) => typeof value === 'number')) return 'double';
  if (all((value) => Array.isArray(value) && value.every((one) => typeof one === 'string')))
    return 'array<string>';
  if (all((value) => typeof value !== 'object')) return 'string';
  return undefined;
}

/** A field's name as an attribute's: `Data Type` → `Data_Type`. */
function attributeName(field: string): string {
  const name = field.replaceAll(/[^A-Za-z0-9_]+/gu, '_').replace(/^[^A-Za-z]+/u, '');
  return name === '' ? 'field' : name;
}
