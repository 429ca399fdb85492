import jsonata from 'jsonata';
import { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { LinearRegExp } from './linear-regexp.ts';
import { redactText } from './redact.ts';

/** Options of {@link compileMapping}. */
export interface MappingOptions {
  /** Name of the option that holds the expression, for errors. */
  readonly option: string;
  /** Milliseconds that one evaluation may take. @default 5000 */
  readonly timeoutMs?: number;
}

/** A JSONata expression that is ready to be evaluated. */
export interface JsonMapping {
  /**
   * What the expression gives for an input, as plain JSON; undefined where it gives nothing. Rejects with SOURCE_INVALID, naming `where`,
   * the expression and the value it failed at, and with SOURCE_LIMIT when it takes too long, nests too deep or gives too much.
   */
  evaluate(input: unknown, where: string, bindings?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Calls inside each other. */
const deepest = 200;
/** Values of one list, as long as the expression itself makes it. */
const longestList = 1_000_000;
/** Characters of a result. */
const largestResult = 16_000_000;
/** Functions whose result differs from call to call, so that an unchanged source would never count as unchanged, and one that runs data as code. */
const refusedFunctions: ReadonlySet<string> = new Set(['now', 'millis', 'random', 'shuffle', 'eval']);
/** Codes of JSONata for an evaluation that goes beyond its bounds: stack, time, length of a list. */
const boundCodes: ReadonlySet<string> = new Set(['D1011', 'D1012', 'D2014', 'D2015', 'U1001']);

const thrownSchema = z.looseObject({
  code: z.string().optional(),
  message: z.string().optional(),
  position: z.number().optional(),
  value: z.unknown(),
});

/**
 * Compiles a JSONata expression (https://docs.jsonata.org). Its regular expressions are those of RE2; `$now`, `$millis`, `$random`, `$shuffle` and `$eval`
 * are refused. Throws CONFIG_INVALID, with the option and the place in the expression.
 */
export function compileMapping(text: string, { option, timeoutMs = 5_000 }: MappingOptions): JsonMapping {
  const expression = compile(text, option, timeoutMs);
  checkFunctions(expression.ast(), option);
  return {
    evaluate: async (input, where, bindings = {}) => {
      let result: unknown;
      try {
        result = await expression.evaluate(input, bindings);
      } catch (thrown) {
        throw failure(thrown, { text, option, where });
      }
      return plain(result, `${where}: ${option}`);
    },
  };
}

function compile(text: string, option: string, timeoutMs: number): jsonata.Expression {
  try {
    return jsonata(text, {
      timeout: timeoutMs,
      stack: deepest,
      sequence: longestList,
      // JSONata only constructs it from a literal, sets lastIndex and calls exec.
      RegexEngine: LinearEngine as unknown as RegExpConstructor,
    });
  } catch (thrown) {
    const { message = 'it cannot be read', position } = shapeOf(thrown);
    throw new StreamError('CONFIG_INVALID', `${option}: ${message}${placeIn(text, position)}.`, {
      cause: thrown,
      advice: 'The language is JSONata: https://docs.jsonata.org.',
    });
  }
}

/** The part of RegExp that JSONata uses. */
class LinearEngine {
  lastIndex = 0;
  readonly #pattern: LinearRegExp;

  constructor(literal: RegExp) {
    let known = compiled.get(literal);
    if (known === undefined) {
      known = new LinearRegExp(literal.source, { flags: literal.flags, where: `/${literal.source}/` });
      compiled.set(literal, known);
    }
    this.#pattern = known;
  }

  exec(text: string): ((string | undefined)[] & { index: number }) | null {
    const found = this.#pattern.match(text, this.lastIndex);
    this.lastIndex = found === undefined ? 0 : found.index + (found.texts[0]?.length ?? 0);
    return found === undefined ? null : Object.assign([...found.texts], { index: found.index });
  }
}

const compiled = new WeakMap<RegExp, LinearRegExp>();

/** Refuses functions by name, and regular expressions that RE2 does not take, before any data is there. */
function checkFunctions(ast: unknown, option: string): void {
  const seen = new Set<unknown>();
  const rest: unknown[] = [ast];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    if (node instanceof RegExp) {
      const where = `${option}: /${node.source}/`;
      compiled.set(node, new LinearRegExp(node.source, { flags: node.flags, where }));
      continue;
    }
    if (
      'type' in node &&
      node.type === 'variable' &&
      'value' in node &&
      refusedFunctions.has(String(node.value))
    )
      throw new StreamError('CONFIG_INVALID', `${option}: $${String(node.value)} is not allowed here.`, {
        advice: 'The same item must give the same result every time, and data must not be run as code.',
      });
    rest.push(...Object.values(node).filter((member) => member !== undefined));
  }
}

function failure(
  thrown: unknown,
  { text, option, where }: { readonly text: string; readonly option: string; readonly where: string },
): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const { code = '', message = messageOf(thrown), position, value } = shapeOf(thrown);
  const found = value === undefined ? '' : `, at the value ${shown(value)}`;
  const isBound = boundCodes.has(code) || thrown instanceof RangeError;
  return new StreamError(
    isBound ? 'SOURCE_LIMIT' : 'SOURCE_INVALID',
    `${where}: ${option}: ${redactText(message)}${placeIn(text, position)}${found}.`,
  );
}

function shapeOf(thrown: unknown): z.output<typeof thrownSchema> {
  const parsed = thrownSchema.safeParse(thrown);
  if (!parsed.success) return { message: messageOf(thrown), value: undefined };
  // An Error's message is no own property of it.
  return { ...parsed.data, message: thrown instanceof Error ? thrown.message : parsed.data.message };
}

/** The piece of the expression that ends at a position. */
function placeIn(text: string, position: number | undefined): string {
  if (position === undefined) return '';
  const line = text.slice(0, position).split('\n').length;
  const piece = text.slice(Math.max(0, position - 40), position).trim();
  return ` (line ${line}, behind ${JSON.stringify(piece)})`;
}

/** A value in a few words. */
function shown(value: unknown): string {
  const text = redactText(JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Without what JSONata hangs on its lists, and without functions. */
function plain(result: unknown, where: string): unknown {
  if (result === undefined) return undefined;
  const text = JSON.stringify(result);
  if (text === undefined) return undefined;
  if (text.length > largestResult)
    throw new StreamError('SOURCE_LIMIT', `${where} gives more than ${largestResult} characters.`);
  return JSON.parse(text);
}
