import yauzl from 'yauzl';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import type { Budget } from './budget.ts';

/** Parts of a workbook: a program writes some ten and one a sheet. */
const maxParts = 10_000;

/** What is told of the XML of a part while it is read. Names are without their prefix. */
export interface XmlEvents {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

/** An xlsx file: a zip archive of XML parts (ECMA-376 part 2). Nothing is written to disk, and what is unpacked is counted. */
export class XlsxPackage {
  readonly #file: string;
  readonly #archive: yauzl.ZipFile;
  readonly #parts: ReadonlyMap<string, yauzl.Entry>;
  readonly #budget: Budget;

  private constructor(
    file: string,
    archive: yauzl.ZipFile,
    parts: ReadonlyMap<string, yauzl.Entry>,
    budget: Budget,
  ) {
    this.#file = file;
    this.#archive = archive;
    this.#parts = parts;
    this.#budget = budget;
  }

  /** Lists the parts. Throws SOURCE_INVALID for what is no xlsx file, and SOURCE_LIMIT. */
  static async open(bytes: Buffer, file: string, budget: Budget): Promise<XlsxPackage> {
    if (bytes.subarray(0, 4).toString('hex') === 'd0cf11e0')
      throw new StreamError('SOURCE_INVALID', `${file} is protected with a password, or an old .xls file.`, {
        advice: 'Save it as .xlsx without a password.',
      });
    const parts = new Map<string, yauzl.Entry>();
    try {
      const archive = await yauzl.fromBufferPromise(bytes, { strictFileNames: true, autoClose: false });
      if (archive.entryCount > maxParts)
        throw new StreamError('SOURCE_LIMIT', `${file} has more than ${maxParts} parts.`);
      for await (const entry of archive.eachEntry()) {
        // Names of parts compare without case (ECMA-376 part 2, section 6.2.2).
        const name = entry.fileName.toLowerCase();
        if (parts.has(name)) throw new Error(`it has ${entry.fileName} twice`);
        parts.set(name, entry);
      }
      return new XlsxPackage(file, archive, parts, budget);
    } catch (thrown) {
      throw this.#invalid(file, thrown);
    }
  }

  static #invalid(file: string, thrown: unknown): StreamError {
    if (thrown instanceof StreamError) return thrown;
    return new StreamError(
      'SOURCE_INVALID',
      `${file} is no .xlsx file: ${messageOf(thrown).replace(/\.$/, '')}.`,
      {
        cause: thrown,
        advice: 'Open it in Excel or LibreOffice and save it as .xlsx.',
      },
    );
  }

  /** Whether there is a part of that name. */
  has(part: string): boolean {
    return this.#parts.has(part.toLowerCase());
  }

  /** Reads the XML of a part. Throws SOURCE_INVALID for a part that is not there or is not XML. */
  async read(part: string, events: XmlEvents): Promise<void> {
    try {
      const entry = this.#parts.get(part.toLowerCase());
      if (entry === undefined) throw new Error(`it has no part ${part}`);
      if (entry.isEncrypted()) throw new Error('it is encrypted');
      // What a part says of its size is held against what it unpacks to: one that says too much needs no unpacking.
      this.#budget.announced(entry.uncompressedSize);
      const parser = xmlParser(part, events);
      const decoder = new TextDecoder('utf-8', { fatal: true });
      const stream: AsyncIterable<Buffer> = await this.#archive.openReadStreamPromise(entry);
      for await (const chunk of stream) {
        this.#budget.bytes(chunk.length);
        parser.write(decoder.decode(chunk, { stream: true }));
      }
      parser.write(decoder.decode()).close();
    } catch (thrown) {
      throw XlsxPackage.#invalid(this.#file, thrown);
    }
  }
}

/** Nothing is fetched, and nothing is expanded but character references and the five predefined entities: a DOCTYPE has no place in a workbook. */
function xmlParser(part: string, events: XmlEvents): SaxesParser {
  const parser = new SaxesParser();
  let depth = 0;
  parser.on('error', (error) => {
    throw new Error(`${part} is not XML (${error.message})`);
  });
  parser.on('doctype', () => {
    throw new Error(`${part} has a DOCTYPE`);
  });
  parser.on('opentag', ({ name, attributes }: SaxesTagPlain) => {
    depth += 1;
    if (depth > 100) throw new Error(`${part} has elements deeper than 100 levels`);
    events.open?.(localName(name), attributes);
  });
  parser.on('text', (text) => events.text?.(text));
  parser.on('cdata', (text) => events.text?.(text));
  parser.on('closetag', ({ name }) => {
    depth -= 1;
    events.close?.(localName(name));
  });
  return parser;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
