/** Values of entities whose type the workbook itself defines: only of these is it known what an attribute takes. */
import type { AttributeDef } from '../../pipeline/atlas/wire.ts';
import type { AttributeValue } from '../../schemas/types.ts';
import type { Draft } from './draft.ts';
import { splitList } from './layout.ts';
import type { Reading } from './reading.ts';
import type { WorkbookTypes } from './type-defs.ts';

/** Turns texts into what their attributes take, and reports values that do not fit, and mandatory ones that are missing. */
export function fitValues(types: WorkbookTypes['entityDefs'], reading: Reading): void {
  const byName = new Map(
    types.map(({ name, attributeDefs = [] }) => [name, new Map(attributeDefs.map((one) => [one.name, one]))]),
  );
  for (const draft of reading.drafts.all) {
    const attributes = byName.get(draft.typeName);
    if (attributes !== undefined) fit(draft, attributes, reading);
  }
}

function fit(draft: Draft, attributes: ReadonlyMap<string, AttributeDef>, reading: Reading): void {
  for (const [name, value] of draft.attributes) {
    const attribute = attributes.get(name);
    if (attribute === undefined) continue;
    const fitted = fittedValue(value, attribute.typeName, reading.layout.separator);
    if (fitted === undefined) {
      draft.isBroken = true;
      const expected = `expected ${words[attribute.typeName] ?? attribute.typeName}, since ${draft.typeName}.${name} is ${attribute.typeName}.`;
      reading.problems.error(draft.givenBy.get(name) ?? draft.place, 'value-type', expected);
    } else draft.attributes.set(name, fitted);
  }
  for (const { name, isOptional } of attributes.values())
    if (isOptional === false && !draft.attributes.has(name) && !draft.references.has(name)) {
      draft.isBroken = true;
      const expected = `expected a value of ${name}: every ${draft.typeName} must have one.`;
      reading.problems.error(draft.place, 'value-mandatory', expected);
    }
}

const words: Readonly<Record<string, string>> = {
  boolean: 'TRUE or FALSE',
  date: 'a date, or a text such as 2026-01-31 or 2026-01-31T12:30:00Z',
  int: 'a whole number',
  long: 'a whole number',
  short: 'a whole number',
  byte: 'a whole number',
  float: 'a number',
  double: 'a number',
};

/** The value as its type takes it; undefined where it does not fit, and as it is for types of which nothing is known here. */
function fittedValue(value: AttributeValue, typeName: string, separator: string): AttributeValue | undefined {
  if (value === null || typeof value === 'object') return value;
  const text = String(value);
  if (typeName === 'array<string>') return splitList(text, separator);
  const fits = Object.hasOwn(fitting, typeName) ? fitting[typeName] : undefined;
  return fits === undefined ? value : fits(text);
}

type Fit = (text: string) => AttributeValue | undefined;

const whole: Fit = (text) => (/^[+-]?\d+$/u.test(text) ? Number(text) : undefined);
const real: Fit = (text) =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(text) ? Number(text) : undefined;

/** By type of Atlas. It reads dates with a time and Z only, and no 1 for true. */
const fitting: Readonly<Record<string, Fit>> = {
  boolean: (text) => (/^(?:true|false)$/iu.test(text) ? text.toLowerCase() === 'true' : undefined),
  byte: whole,
  short: whole,
  int: whole,
  long: whole,
  float: real,
  double: real,
  date: dateOf,
  string: (text) => text,
};

/** A date with or without a time, in UTC where it names no zone; a number counts milliseconds since 1970, as Atlas has it. */
function dateOf(text: string): AttributeValue | undefined {
  if (/^\d{9,}$/u.test(text)) return Number(text);
  const [, day, time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/u.exec(text) ?? [];
  if (day === undefined) return undefined;
  const date = new Date(`${day}T${time}${zone}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
