import { SaxesParser } from 'saxes';
import { StreamError } from '../pipeline/errors.ts';

/** An element with its attributes and children. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Text directly inside, trimmed; text around children is put together. */
  readonly text: string;
  /** Line of the file where its start tag ends, from 1. */
  readonly line: number;
}

/** Caps of {@link parseXml}. */
export interface XmlOptions {
  /** Named in errors. */
  readonly file: string;
  /** Elements inside each other. @default 256 */
  readonly maxDepth?: number;
  /** Attributes of one element. @default 256 */
  readonly maxAttributes?: number;
  /** @default 500_000 */
  readonly maxElements?: number;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
  readonly line: number;
}

/**
 * Parses XML 1.0 into elements under caps. Nothing is fetched and nothing is expanded but the five predefined entities and
 * character references; a DOCTYPE with an internal subset is refused, a bare one is accepted. Comments and processing
 * instructions are left out. Throws SOURCE_INVALID or SOURCE_LIMIT with file and line.
 */
export function parseXml(text: string, options: XmlOptions): XmlElement {
  const { file, maxDepth = 256, maxAttributes = 256, maxElements = 500_000 } = options;
  const parser = new SaxesParser();
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  let attributes = new Map<string, string>();
  const limit = (what: string): never => {
    throw new StreamError('SOURCE_LIMIT', `${file}:${parser.line}: ${what}.`);
  };
  parser.on('error', (error) => {
    throw new StreamError('SOURCE_INVALID', `${file}:${parser.line} is not XML: ${plain(error.message)}`);
  });
  parser.on('doctype', (doctype) => {
    if (!doctype.replaceAll(/"[^"]*"|'[^']*'/g, '').includes('[')) return;
    throw new StreamError(
      'SOURCE_INVALID',
      `${file}:${parser.line} has a DOCTYPE with declarations of its own, which are not accepted.`,
      { advice: 'Remove the part in square brackets.' },
    );
  });
  parser.on('attribute', ({ name, value }) => {
    attributes.set(name, value);
    if (attributes.size > maxAttributes) limit(`an element has more than ${maxAttributes} attributes`);
  });
  parser.on('opentag', ({ name }) => {
    elements += 1;
    if (elements > maxElements) limit(`there are more than ${maxElements} elements`);
    if (open.length >= maxDepth) limit(`elements lie deeper than ${maxDepth} levels`);
    open.push({ name, attributes, children: [], text: '', line: parser.line });
    attributes = new Map();
  });
  parser.on('text', (part) => append(open.at(-1), part));
  parser.on('cdata', (part) => append(open.at(-1), part));
  parser.on('closetag', () => {
    const closed = open.pop();
    if (closed === undefined) return;
    const element = { ...closed, text: closed.text.trim() };
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  parser.write(text).close();
  if (root === undefined) throw new StreamError('SOURCE_INVALID', `${file} has no XML element.`);
  return root;
}

function append(element: OpenElement | undefined, part: string): void {
  if (element !== undefined) element.text += part;
}

/** The parser's message without its own position. */
function plain(message: string): string {
  return message.replace(/^\d+:\d+: /, '');
}

/**
 * The encoding that an XML declaration names, for decoding the bytes: undefined where it names none. Reads the first bytes
 * as ASCII, which is what XML 1.0 (appendix F) asks for.
 */
export function xmlEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  return /^(?:\u00ef\u00bb\u00bf)?<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/.exec(
    head,
  )?.[1];
}
