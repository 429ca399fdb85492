import type { XmlElement } from '../../platform/xml.ts';
import { childOf, childrenOf, isTrue, nameOf, valueOf } from './elements.ts';

const longestExpression = 10_000;
const space = /\s*/y;
const cast = /\(\s*DT_[A-Z0-9_]+\s*(?:,\s*\d+\s*){0,3}\)/iy;
const literal = /"((?:[^"\\]|\\.)*)"/sy;
const variable = /@(?:\[([^\]]+)\]|(\w+))/y;

/**
 * The text that an expression of SSIS gives, as far as that needs no run: literals and variables put together by `+`. Undefined for all
 * others.
 */
function evaluate(text: string, value: (name: string) => string | undefined): string | undefined {
  if (text.length > longestExpression) return undefined;
  let result = '';
  for (let at = 0; ; at += 1) {
    const found = term(text, at, value);
    if (found === undefined) return undefined;
    result += found.value;
    at = skip(space, text, found.end);
    if (at >= text.length) return result;
    if (text[at] !== '+') return undefined;
  }
}

/** A literal or a variable, behind the types that it is cast to. */
function term(
  text: string,
  from: number,
  value: (name: string) => string | undefined,
): { readonly value: string; readonly end: number } | undefined {
  let at = skip(space, text, from);
  for (let next = skip(cast, text, at); next > at; next = skip(cast, text, at)) at = skip(space, text, next);
  literal.lastIndex = at;
  const quoted = literal.exec(text);
  if (quoted !== null) return { value: unescape(quoted[1] ?? ''), end: literal.lastIndex };
  variable.lastIndex = at;
  const named = variable.exec(text);
  if (named === null) return undefined;
  const end = variable.lastIndex;
  const found = value(named[1] ?? named[2] ?? '');
  return found === undefined ? undefined : { value: found, end };
}

/** Where the text goes on behind a pattern that may stand there. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}

/** Variables and parameters that are visible at a place in a package, with the values that the file holds. */
export class Scope {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string> = new Map()) {
    this.#values = values;
  }

  /** The value of `User::Name`, `$Package::Name`, `$Project::Name` or `Name`; undefined for one that is not known, or secret. */
  value(name: string): string | undefined {
    const key = name.trim().toLowerCase();
    return this.#values.get(key) ?? this.#values.get(`user::${key}`);
  }

  /** What an expression gives here; undefined when that needs a run. */
  evaluate(text: string): string | undefined {
    return evaluate(text, (name) => this.value(name));
  }

  /** With the variables and parameters that an element declares. */
  within(element: XmlElement): Scope {
    const values = new Map(this.#values);
    const lists = [element, childOf(element, 'Variables'), childOf(element, 'PackageParameters')];
    for (const variable of lists.flatMap((list) => childrenOf(list, 'Variable'))) {
      const stored = childOf(variable, 'VariableValue')?.text ?? '';
      const expression = isTrue(valueOf(variable, 'EvaluateAsExpression'))
        ? valueOf(variable, 'Expression')
        : undefined;
      const found = expression === undefined ? undefined : new Scope(values).evaluate(expression);
      const space = valueOf(variable, 'Namespace') ?? 'User';
      values.set(`${space}::${valueOf(variable, 'ObjectName') ?? ''}`.toLowerCase(), found ?? stored);
    }
    for (const parameter of lists.flatMap((list) => childrenOf(list, 'PackageParameter'))) {
      if (isTrue(valueOf(parameter, 'Sensitive'))) continue;
      const name = `$package::${valueOf(parameter, 'ObjectName') ?? ''}`.toLowerCase();
      values.set(name, valueOf(parameter, 'ParameterValue') ?? '');
    }
    return new Scope(values);
  }

  /** With the parameters of a project (`Project.params`). */
  withProject(root: XmlElement): Scope {
    const values = new Map(this.#values);
    for (const parameter of childrenOf(root, 'Parameter')) {
      const properties = new Map(
        childrenOf(childOf(parameter, 'Properties'), 'Property').map(
          (one) => [nameOf(one), one.text] as const,
        ),
      );
      const name = nameOf(parameter);
      const value = properties.get('Value');
      if (name === undefined || value === undefined || isTrue(properties.get('Sensitive'))) continue;
      values.set(`$project::${name}`.toLowerCase(), value);
    }
    return new Scope(values);
  }
}
