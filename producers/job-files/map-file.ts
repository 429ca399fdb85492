import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, ScanContext } from '../../pipeline/producer.ts';
import type { JsonMapping } from '../../platform/json-mapping.ts';
import { mappedObjects } from '../../platform/mapped-objects.ts';
import { type DocumentFormat, formatOfName, parseDocuments } from '../../platform/parse-documents.ts';
import type { FileContent } from '../../platform/read-file.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';

/** How files are mapped. */
export interface FileMappingOptions {
  readonly items: JsonMapping;
  readonly map: JsonMapping;
  readonly tool: string;
  /** Undefined: by the name of a file. */
  readonly format: DocumentFormat | undefined;
}

/** Maps the files of one scan. What another item has given already is rejected: in the catalogue it would be one job. */
export class FileMapping {
  readonly #options: FileMappingOptions;
  readonly #context: Pick<ScanContext, 'reject' | 'signal'>;
  /** What was given by its name in the catalogue, with the place that gave it. */
  readonly #seen = new Map<string, string>();

  constructor(options: FileMappingOptions, context: Pick<ScanContext, 'reject' | 'signal'>) {
    this.#options = options;
    this.#context = context;
  }

  /** The objects of a file. An item that cannot be mapped is rejected alone; rejects with a StreamError when the file cannot be read. */
  async read({ file, bytes, modifiedMs }: FileContent): Promise<readonly FoundObject[]> {
    const format = this.#options.format ?? formatOfName(file);
    if (format === undefined)
      throw new StreamError('CONFIG_INVALID', `The name of ${file} does not tell what it is.`, {
        advice: 'Say with the option format whether it is xml, json or yaml.',
      });
    const documents = await parseDocuments(bytes, { file, format });
    const found: FoundObject[] = [];
    for (const [index, document] of documents.entries()) {
      const where = documents.length > 1 ? `${file}, document ${index + 1}` : file;
      for (const [place, item] of await this.#items(document, where)) {
        throwIfStopped(this.#context.signal);
        found.push(...(await this.#map({ item, place, document, file, modifiedMs })));
      }
    }
    return found;
  }

  /** The items of a document, each with its place: the line of its element where it has one. */
  async #items(document: unknown, where: string): Promise<readonly (readonly [string, unknown])[]> {
    const given = await this.#options.items.evaluate(document, where);
    if (given === undefined || given === null)
      throw new StreamError('SOURCE_INVALID', `${where} has nothing that the option items selects.`);
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    return list.map((item, index) => {
      const line = lineOf(item);
      const place = line === undefined ? `${where}, item ${index + 1}` : `${where}:${line}`;
      return [list.length === 1 && line === undefined ? where : place, item] as const;
    });
  }

  async #map(one: {
    readonly item: unknown;
    readonly place: string;
    readonly document: unknown;
    readonly file: string;
    readonly modifiedMs: number;
  }): Promise<readonly FoundObject[]> {
    const { item, place, document, file, modifiedMs } = one;
    try {
      const { found } = await mappedObjects(this.#options, {
        value: item,
        where: place,
        bindings: { file, document },
        file,
      });
      return found.map((object) => {
        const key = nameOf(object);
        const first = this.#seen.get(key);
        if (first !== undefined)
          throw new StreamError('SOURCE_INVALID', `${place}: ${first} has given the ${key} already.`, {
            advice: 'Let map give an id that is unique.',
          });
        this.#seen.set(key, place);
        return { ...object, sequence: object.sequence === 0 ? modifiedMs : (object.sequence ?? modifiedMs) };
      });
    } catch (thrown) {
      if (!(thrown instanceof StreamError)) throw thrown;
      const bytes = Buffer.from(JSON.stringify(item) ?? '');
      this.#context.reject({ objectId: place, error: thrown, bytes });
      return [];
    }
  }
}

function nameOf({ type, objectId, value }: FoundObject): string {
  return type === 'job-file' ? `job ${value.jobId} of ${value.tool}` : `${type} ${objectId}`;
}

function lineOf(item: unknown): number | undefined {
  const line: unknown =
    typeof item === 'object' && item !== null && '#line' in item ? item['#line'] : undefined;
  return typeof line === 'number' ? line : undefined;
}
