/** Rules about type definitions that both a client and a server need: names, built-in types, `array<…>` and `map<…>`. */

/** Types that exist without a definition. */
export const primitiveTypes: ReadonlySet<string> = new Set([
  'boolean',
  'byte',
  'short',
  'int',
  'long',
  'float',
  'double',
  'biginteger',
  'bigdecimal',
  'string',
  'date',
  'objectid',
]);

/** A type name taken apart. */
export type TypeExpression =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'array'; readonly element: TypeExpression }
  | { readonly kind: 'map'; readonly key: TypeExpression; readonly value: TypeExpression };

const maxDepth = 8;

/** Takes `array<X>` and `map<K,V>` apart; anything else, also what is malformed, is a plain name. Nesting is capped at 8. */
export function parseTypeName(typeName: string, depth = 0): TypeExpression {
  if (depth < maxDepth && typeName.endsWith('>')) {
    if (typeName.startsWith('array<')) {
      return { kind: 'array', element: parseTypeName(typeName.slice(6, -1).trim(), depth + 1) };
    }
    const comma = typeName.indexOf(',');
    if (typeName.startsWith('map<') && comma > 0) {
      return {
        kind: 'map',
        key: parseTypeName(typeName.slice(4, comma).trim(), depth + 1),
        value: parseTypeName(typeName.slice(comma + 1, -1).trim(), depth + 1),
      };
    }
  }
  return { kind: 'named', name: typeName };
}

/** The named types inside a type expression. */
export function namedTypes(type: TypeExpression): readonly string[] {
  switch (type.kind) {
    case 'named':
      return [type.name];
    case 'array':
      return namedTypes(type.element);
    case 'map':
      return [...namedTypes(type.key), ...namedTypes(type.value)];
  }
}

/** Whether a name is allowed for a type: a letter, then letters, digits, `_` and spaces; a classification may also have dots. */
export function isTypeName(name: string, isClassification = false): boolean {
  return (isClassification ? /^[a-zA-Z][a-zA-Z0-9_ .]*$/ : /^[a-zA-Z][a-zA-Z0-9_ ]*$/).test(name);
}
