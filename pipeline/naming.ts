import { StreamError } from './errors.ts';
import type { EntityType } from './types.ts';

/** Values of a pattern's parameters by name. */
export type NameParameters = Readonly<Record<string, string>>;

/** What a source does with the letter case of names. */
export type CaseRule = 'preserve' | 'lower' | 'upper';

interface Parameter {
  readonly name: string;
  readonly raw: boolean;
  /** Literal text in front of it. */
  readonly before: string;
}

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)(\+?)\}/g;

/**
 * A qualifiedName pattern: literals and parameters. A value is percent-encoded (UTF-8, RFC 3986 section 2.1) in exactly those
 * characters that occur in the pattern's literals, and in `%` itself, so that building and parsing are inverse for any
 * non-empty value. `{name+}` takes the value as it is.
 */
export class NamePattern {
  readonly text: string;
  readonly #parameters: readonly Parameter[];
  readonly #tail: string;
  readonly #reserved: ReadonlySet<string>;
  /** Finds a character that is escaped; most values have none. */
  readonly #anyReserved: RegExp;

  /** Throws NAME_PATTERN when what follows a parameter does not begin with a separator, or when `{x+}` is not last. */
  constructor(text: string) {
    this.text = text;
    const parameters: Parameter[] = [];
    let end = 0;
    for (const match of text.matchAll(placeholder)) {
      parameters.push({ name: match[1] ?? '', raw: match[2] === '+', before: text.slice(end, match.index) });
      end = match.index + match[0].length;
    }
    this.#parameters = parameters;
    this.#tail = text.slice(end);
    const literals = parameters.map((p) => p.before).join('') + this.#tail;
    this.#reserved = new Set([
      '%',
      ...Array.from(literals).filter((character) => !/[\p{L}\p{N}]/u.test(character)),
    ]);
    const characters = Array.from(
      this.#reserved,
      (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
    );
    this.#anyReserved = new RegExp(`[${characters.join('')}]`, 'u');
    this.#check();
  }

  #check(): void {
    const fail = (why: string): never => {
      throw new StreamError('NAME_PATTERN', `The qualifiedName pattern "${this.text}" ${why}.`);
    };
    if (this.#parameters.length === 0) fail('has no parameter');
    if (/[{}]/.test(this.text.replaceAll(placeholder, ''))) fail('has a brace that is not a parameter');
    if (new Set(this.parameters).size < this.#parameters.length) fail('names a parameter twice');
    for (const [index, parameter] of this.#parameters.entries()) {
      if (index > 0 && !this.#separates(parameter.before)) {
        fail(`needs a separator such as / in front of {${parameter.name}}`);
      }
      if (parameter.raw && (index < this.#parameters.length - 1 || this.#tail !== '')) {
        fail(`may have {${parameter.name}+} only at its end`);
      }
    }
    if (this.#tail !== '' && !this.#separates(this.#tail)) {
      fail('ends in letters, or a %, that a name could end in too');
    }
  }

  /** Whether a literal ends the value in front of it: its first character is one that values escape. `%` begins an escape itself. */
  #separates(literal: string): boolean {
    return !literal.startsWith('%') && this.#reserved.has(literal.charAt(0));
  }

  /** Names of the parameters, in order. */
  get parameters(): readonly string[] {
    return this.#parameters.map((parameter) => parameter.name);
  }

  /** Builds a name. Throws NAME_INVALID when a parameter is missing or empty. */
  build(values: NameParameters): string {
    return this.#join(values, this.#parameters) + this.#tail;
  }

  #join(values: NameParameters, parameters: readonly Parameter[]): string {
    let text = '';
    for (const parameter of parameters) {
      const value = Object.hasOwn(values, parameter.name) ? values[parameter.name] : undefined;
      text += parameter.before + this.#part(parameter, value);
    }
    return text;
  }

  #part({ name, raw }: Parameter, value: string | undefined): string {
    if (value === undefined || value === '') {
      throw new StreamError('NAME_INVALID', `The pattern "${this.text}" needs a value for {${name}}.`);
    }
    return raw ? value : this.#escape(value);
  }

  /** Builds names that differ only in the last parameter, where that is the one; else each is built whole. */
  builder(values: NameParameters, varying: string): (value: string) => string {
    const last = this.#parameters.at(-1);
    const others = this.#parameters.slice(0, -1);
    if (last?.name !== varying || this.#tail !== '')
      return (value) => this.build({ ...values, [varying]: value });
    let head: string | undefined;
    return (value) => {
      head ??= this.#join(values, others) + last.before;
      return head + this.#part(last, value);
    };
  }

  /** Reads a name that was built with this pattern; undefined when it does not have its form. */
  parse(name: string): NameParameters | undefined {
    return this.#split(name, unescape);
  }

  /** Reads a text that others wrote in the form of this pattern, in which `%` is a character like any other; undefined when it does not have its form. */
  match(text: string): NameParameters | undefined {
    return this.#split(text, (part) => part);
  }

  #split(name: string, decode: (part: string) => string | undefined): NameParameters | undefined {
    const values: Record<string, string> = Object.create(null);
    let at = 0;
    for (const parameter of this.#parameters) {
      if (!name.startsWith(parameter.before, at)) return undefined;
      at += parameter.before.length;
      let end = at;
      while (
        end < name.length &&
        (parameter.raw || name[end] === '%' || !this.#reserved.has(name[end] ?? ''))
      )
        end += 1;
      const value = parameter.raw ? name.slice(at, end) : decode(name.slice(at, end));
      if (value === undefined || value === '') return undefined;
      values[parameter.name] = value;
      at = end;
    }
    return name.slice(at) === this.#tail ? values : undefined;
  }

  #escape(given: string): string {
    const value = given.toWellFormed();
    if (!this.#anyReserved.test(value)) return value;
    let text = '';
    for (const character of value) text += this.#reserved.has(character) ? percent(character) : character;
    return text;
  }
}

function percent(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

function unescape(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  try {
    // Only the escapes are decoded: everything else stands for itself.
    return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => decodeURIComponent(run));
  } catch {
    return undefined; // an escape that is no UTF-8 is not a name of ours
  }
}

/** Builds and parses qualifiedNames from the patterns that the types declare. The only place where names are made. */
export interface Naming {
  /** Throws TYPE_UNKNOWN or NAME_INVALID. The case rule of the parameters' source is applied by the caller. */
  build(typeName: string, parameters: NameParameters): string;
  /** {@link build} for many names that differ in one parameter. The others are not to be changed meanwhile. */
  builder(typeName: string, parameters: NameParameters, varying: string): (value: string) => string;
  /** Parameters of a name of that type, or undefined when the name does not have the type's form. */
  parse(typeName: string, qualifiedName: string): NameParameters | undefined;
  /** Parameter names of the type's pattern, in order. Throws TYPE_UNKNOWN. */
  parametersOf(typeName: string): readonly string[];
  /** The declared type. Throws TYPE_UNKNOWN. */
  type(typeName: string): EntityType;
  /** The declared type; undefined for one that only the catalogue knows. */
  declared(typeName: string): EntityType | undefined;
  /** Every declared type, sorted by name. */
  readonly types: readonly EntityType[];
}

/** Makes the naming service for a set of types. Throws NAME_PATTERN, or TYPE_CONFLICT when one name is declared differently twice. */
export function createNaming(types: readonly EntityType[]): Naming {
  const declared = new Map<string, { readonly type: EntityType; readonly pattern: NamePattern }>();
  for (const type of types) {
    const known = declared.get(type.name);
    if (known !== undefined && known.type.qualifiedName !== type.qualifiedName) {
      throw new StreamError(
        'TYPE_CONFLICT',
        `The type ${type.name} is declared with two patterns: "${known.type.qualifiedName}" and "${type.qualifiedName}".`,
      );
    }
    declared.set(type.name, { type, pattern: new NamePattern(type.qualifiedName) });
  }
  const find = (typeName: string) => {
    const found = declared.get(typeName);
    if (found === undefined) {
      throw new StreamError('TYPE_UNKNOWN', `No producer here declares the type ${typeName}.`, {
        advice: `Declared are: ${[...declared.keys()].sort().join(', ')}.`,
      });
    }
    return found;
  };
  return {
    build: (typeName, parameters) => find(typeName).pattern.build(parameters),
    builder: (typeName, parameters, varying) => find(typeName).pattern.builder(parameters, varying),
    parse: (typeName, qualifiedName) => find(typeName).pattern.parse(qualifiedName),
    parametersOf: (typeName) => find(typeName).pattern.parameters,
    type: (typeName) => find(typeName).type,
    declared: (typeName) => declared.get(typeName)?.type,
    types: [...declared.values()].map((entry) => entry.type).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Applies a source's case rule to a name. Lower and upper use the invariant mapping, so that the machine's language does not matter. */
export function foldCase(name: string, rule: CaseRule): string {
  if (rule === 'preserve') return name;
  return rule === 'lower' ? name.toLowerCase() : name.toUpperCase();
}
