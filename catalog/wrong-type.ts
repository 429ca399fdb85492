/** What Atlas's JSON reader (Jackson) says of a field that has the wrong type: 400 with a text that names its Java classes. */
import { AtlasUnreadable } from './atlas-error.ts';
import { JavaDouble, type JsonValue } from './json.ts';

const model = 'org.apache.atlas.model.instance.';

/** The Java types of what is read, as Jackson names them. */
export const javaTypes = {
  entity: `${model}AtlasEntity`,
  bulk: `${model}AtlasEntity$AtlasEntitiesWithExtInfo`,
  single: `${model}AtlasEntity$AtlasEntityWithExtInfo`,
  entities: `java.util.ArrayList<${model}AtlasEntity>`,
  attributes: 'java.util.LinkedHashMap<java.lang.String,java.lang.Object>',
  status: `${model}AtlasEntity$Status`,
  classifications: `java.util.ArrayList<${model}AtlasClassification>`,
} as const;

/** Where in a body a value stands: the classes and the fields or indexes on the way to it, outermost first. */
export type Place = readonly (readonly [javaType: string, step: string | number])[];

/** How Jackson names the JSON of a value: its kind and token. */
function tokenOf(value: JsonValue): readonly [kind: string, token: string] {
  if (Array.isArray(value)) return ['Array', 'START_ARRAY'];
  if (typeof value === 'string') return ['String', 'VALUE_STRING'];
  if (typeof value === 'boolean') return ['Boolean', value ? 'VALUE_TRUE' : 'VALUE_FALSE'];
  if (value === null) return ['Null', 'VALUE_NULL'];
  const isDecimal = value instanceof JavaDouble || (typeof value === 'number' && !Number.isInteger(value));
  if (isDecimal) return ['Floating-point', 'VALUE_NUMBER_FLOAT'];
  return typeof value === 'object' ? ['Object', 'START_OBJECT'] : ['Integer', 'VALUE_NUMBER_INT'];
}

function unreadable(what: string, place: Place): AtlasUnreadable {
  const steps = place.map(([type, step]) => `${type}[${typeof step === 'number' ? step : `"${step}"`}]`);
  const chain = steps.length === 0 ? '' : ` (through reference chain: ${steps.join('->')})`;
  const text = `${what}\n at [Source: the request's body]${chain}`;
  // Atlas puts the text into its answer as a JSON string of a JSON string.
  return new AtlasUnreadable(text.replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`));
}

/** The refusal of a value whose JSON has the wrong kind. */
export function wrongType(javaType: string, value: JsonValue, place: Place = []): AtlasUnreadable {
  const [kind, token] = tokenOf(value);
  return unreadable(
    `Cannot deserialize value of type \`${javaType}\` from ${kind} value (token \`JsonToken.${token}\`)`,
    place,
  );
}

/** The refusal of a text that is not one of an enum's names. */
export function notOfEnum(
  javaType: string,
  value: string,
  names: readonly string[],
  place: Place,
): AtlasUnreadable {
  return unreadable(
    `Cannot deserialize value of type \`${javaType}\` from String "${value}": not one of the values accepted for Enum class: [${names.join(', ')}]`,
    place,
  );
}
