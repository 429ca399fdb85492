import { StreamError } from '../../pipeline/errors.ts';

/** A node of a stored query: its label and its fields by name, such as VAR with varno and varattno. */
export interface TreeNode {
  readonly label: string;
  readonly fields: ReadonlyMap<string, TreeValue>;
}

/** A value in a stored query: a node, a list, a word, or null for `<>`. */
export type TreeValue = TreeNode | readonly TreeValue[] | string | null;

/** Caps: a view of 5,000 columns has a tree of some 5 MB, and an expression of 500 operators nests 1,000 deep. */
const maxCharacters = 32 * 1024 * 1024;
const maxDepth = 2_000;

/**
 * Reads the text of a `pg_node_tree`, as PostgreSQL's nodeToString writes it: `{LABEL :field value …}`, lists in
 * parentheses, `<>` for nothing, and a backslash in front of a character that would otherwise end a word. Linear in the text. Throws
 * SOURCE_LIMIT beyond 32 Mi characters or 2,000 levels, SOURCE_INVALID for anything else.
 */
export function parseNodeTree(text: string): TreeValue {
  if (text.length > maxCharacters) {
    throw new StreamError(
      'SOURCE_LIMIT',
      `A stored query has ${text.length} characters; ${maxCharacters} are read.`,
    );
  }
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** True for a node, and of that label where one is given. */
export function isNode(value: TreeValue | undefined, label?: string): value is TreeNode {
  return (
    value !== null &&
    typeof value === 'object' &&
    'fields' in value &&
    (label === undefined || value.label === label)
  );
}

/** A field that is a list; empty where it is `<>` or absent. */
export function listField(node: TreeNode, name: string): readonly TreeValue[] {
  const value = node.fields.get(name);
  return Array.isArray(value) ? value : [];
}

/** A field that is a whole number. Throws SOURCE_INVALID. */
export function numberField(node: TreeNode, name: string): number {
  const value = node.fields.get(name);
  if (typeof value !== 'string' || !/^-?\d{1,10}$/.test(value)) {
    throw new StreamError('SOURCE_INVALID', `A stored ${node.label} has no number in ${name}.`);
  }
  return Number(value);
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): TreeValue {
    if (depth > maxDepth) {
      throw new StreamError('SOURCE_LIMIT', `A stored query nests deeper than ${maxDepth} levels.`);
    }
    const start = this.#peek();
    if (start === '{') return this.#node(depth);
    if (start === '(') return this.#list(depth);
    const word = this.#word();
    return word === '<>' ? null : unescape(word);
  }

  end(): void {
    if (this.#peek() !== '') this.#fail('more text after its end');
  }

  #node(depth: number): TreeNode {
    this.#at += 1;
    const label = this.#word();
    const fields = new Map<string, TreeValue>();
    while (this.#peek() !== '}') {
      const name = this.#word();
      if (!name.startsWith(':')) this.#fail(`"${name.slice(0, 40)}" where a field should begin`);
      // The first value belongs to the field even if it looks like a name: names of users are not escaped in front.
      fields.set(name.slice(1), this.value(depth + 1));
      // A constant's bytes follow its length as further words: 4 [ 1 0 0 0 ].
      while (this.#peek() !== '}' && this.#peek() !== ':') this.value(depth + 1);
    }
    this.#at += 1;
    return { label, fields };
  }

  #list(depth: number): readonly TreeValue[] {
    this.#at += 1;
    const items: TreeValue[] = [];
    while (this.#peek() !== ')') items.push(this.value(depth + 1));
    this.#at += 1;
    return items;
  }

  /** The next character that is no white space, or nothing at the end. */
  #peek(): string {
    while (isSpace(this.#text[this.#at])) this.#at += 1;
    return this.#text[this.#at] ?? '';
  }

  #word(): string {
    this.#peek();
    const from = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || isSpace(character) || '(){}'.includes(character)) break;
      this.#at += character === '\\' ? 2 : 1;
    }
    if (this.#at === from)
      this.#fail(from < this.#text.length ? `"${this.#text[from]}" where a word should stand` : 'no end');
    return this.#text.slice(from, this.#at);
  }

  #fail(why: string): never {
    throw new StreamError('SOURCE_INVALID', `A stored query has ${why} (character ${this.#at}).`);
  }
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\t';
}

/** Takes the backslashes and the quotes of a string off. */
function unescape(word: string): string {
  const plain = word.length >= 2 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1) : word;
  return plain.replaceAll(/\\([^])/g, '$1');
}
