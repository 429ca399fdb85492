import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { problemsOf } from './schema-problems.ts';

/** A YAML 1.2 text whose fields are told by line. */
export class YamlSource {
  readonly #file: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** Throws CONFIG_SYNTAX, with file and line, for a text that is not YAML. */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false, // a pretty error quotes the file, which may hold a password
      uniqueKeys: true,
      merge: true,
    });
    const [problem] = this.#document.errors;
    if (problem === undefined) return;
    const { line } = this.#lines.linePos(problem.pos[0]);
    throw new StreamError('CONFIG_SYNTAX', `${file}:${line}: ${problem.message}`, { cause: problem });
  }

  /** The values; an empty text is an empty map. Throws CONFIG_SYNTAX for an alias without an anchor, and for aliases that multiply beyond measure. */
  value(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 100 }) ?? {};
    } catch (thrown) {
      throw new StreamError('CONFIG_SYNTAX', `${this.#file}:1: ${messageOf(thrown)}`, { cause: thrown });
    }
  }

  /** `file:line: field`. */
  located(field: readonly PropertyKey[]): string {
    return `${this.#file}:${this.#lineOf(field)}: ${field.map(String).join('.') || 'the file'}`;
  }

  /** Makes an error of a schema readable: one line for each problem, with file, line and field, below the field `at`, as {@link problemsOf} says. Never a value: it may be a secret. */
  invalid(error: z.ZodError, at: readonly PropertyKey[] = [], schema?: z.ZodType): StreamError {
    const text = error.issues
      .flatMap((issue) => problemsOf(issue, schema))
      .map(({ field, message }) => `${this.located([...at, ...field])}: ${message}`)
      .join('\n');
    return new StreamError('CONFIG_INVALID', text, { cause: error });
  }

  /** The line of a field's key, or of the nearest thing around it that is in the file. */
  #lineOf(field: readonly PropertyKey[]): number {
    let node: unknown = this.#document.contents;
    let line = 1;
    for (const segment of field) {
      if (isAlias(node)) node = node.resolve(this.#document);
      let place: unknown;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
        place = pair?.key;
        node = pair?.value;
      } else if (isSeq(node)) {
        place = node.items[Number(segment)];
        node = place;
      }
      if (!isNode(place) || !place.range) break;
      line = this.#lines.linePos(place.range[0]).line;
    }
    return line;
  }
}
