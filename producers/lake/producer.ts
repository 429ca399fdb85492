import { blankObject } from '../../pipeline/blank-object.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, PartialChange, Producer, ScanContext } from '../../pipeline/producer.ts';
import { redactText } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { Column, DatabaseObject, NamePart, Warning } from '../../schemas/types.ts';
import { columnsOf } from './fields.ts';
import { type Dataset, FileGroups, type ResourceSetRules } from './group-files.ts';
import { isHidden, type LakeFile, type LakeFiles } from './lake-files.ts';
import { formatOf, readSchema } from './read-schema.ts';
import { readTouched } from './read-touched.ts';

/** What a crawler works with. */
export interface LakeSource {
  /** Name of the machine or account in qualifiedNames. */
  readonly server: string;
  /** Where the files are, looked up anew for each scan. */
  containers(signal: AbortSignal): Promise<readonly LakeFiles[]>;
  readonly isRead: (path: string) => boolean;
  readonly rules: ResourceSetRules;
  readonly maxDatasets: number;
  /** Files that were touched, or undefined where only a scan can tell. */
  changes(signal: AbortSignal): AsyncIterable<FileNews | undefined>;
  readonly describeChanges: string;
}

/** What a store tells of its changes. */
export interface FileNews extends Pick<PartialChange, 'rejected'> {
  readonly touched: readonly { readonly container: string; readonly path: string }[];
}

/** Schemas that are kept from scan to scan, by the version of the file. */
const maxKept = 50_000;

interface Schema {
  readonly columns: readonly Column[] | null;
  readonly warnings: readonly Warning[];
}

/** Lists files, puts those together that are one dataset, and reads the schema of each from its newest file. */
export class LakeProducer implements Producer {
  readonly #source: LakeSource;
  readonly #closed = new AbortController();
  readonly #schemas = new Map<string, Schema>();

  constructor(source: LakeSource) {
    this.#source = source;
  }

  /** Files that are restored from a copy are the same source: positions grow with every difference. */
  async incarnation(): Promise<string> {
    return 'files';
  }

  async *scan(context: ScanContext): AsyncGenerator<FoundObject> {
    throwIfStopped(context.signal);
    const signal = AbortSignal.any([context.signal, this.#closed.signal]);
    const containers = await this.#source.containers(signal);
    yield this.#object([], {});
    for (const files of containers) {
      yield this.#object([{ level: 'container', name: files.container }], {});
      const groups = await this.#group(files, signal);
      for (const dataset of groups.datasets()) {
        throwIfStopped(signal);
        yield await this.#describe(files, dataset);
      }
    }
  }

  async *changes(signal: AbortSignal): AsyncGenerator<PartialChange | undefined> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    for await (const news of this.#source.changes(stop)) {
      if (stop.aborted) return;
      yield news === undefined ? undefined : await this.#changeOf(news, stop);
    }
  }

  /** Reads anew the datasets that the files belong to. Events say where to look, not what is there: their order and number do not matter. */
  async #changeOf({ touched, rejected = [] }: FileNews, signal: AbortSignal): Promise<PartialChange> {
    const found: FoundObject[] = [];
    const looked = new Set<string>();
    for (const files of touched.length === 0 ? [] : await this.#source.containers(signal)) {
      const paths = touched.filter(({ container }) => container === files.container).map(({ path }) => path);
      const read = paths.filter((path) => this.#source.isRead(path) && !isHidden(path));
      if (read.length === 0) continue;
      found.push(this.#object([{ level: 'container', name: files.container }], {}));
      const sets = await readTouched(files, read, { source: this.#source, signal });
      for (const name of sets.looked) looked.add(this.#idOf(files.container, name));
      for (const dataset of sets.datasets) found.push(await this.#describe(files, dataset));
    }
    return { found: each(found), looked: [...looked], mark: 1, rejected };
  }

  #idOf(container: string, name: string): string {
    return idOf([
      { level: 'container', name: container },
      { level: 'table', name: name.toWellFormed() },
    ]);
  }

  async describeChanges(): Promise<string> {
    return this.#source.describeChanges;
  }

  async close(): Promise<void> {
    this.#closed.abort(new StreamError('SOURCE_UNAVAILABLE', 'The producer was closed.'));
  }

  async #group(files: LakeFiles, signal: AbortSignal): Promise<FileGroups> {
    const { isRead, rules, maxDatasets } = this.#source;
    const groups = new FileGroups(rules);
    for await (const file of files.list(signal)) {
      if (isRead(file.path)) groups.add(file);
      if (groups.size > maxDatasets)
        throw new StreamError('SOURCE_LIMIT', `${files.container} holds more than ${maxDatasets} datasets.`, {
          advice:
            'Raise the option maxDatasets, leave folders out by exclude, or let files be grouped (resourceSets).',
        });
    }
    return groups;
  }

  async #describe(files: LakeFiles, dataset: Dataset): Promise<FoundObject> {
    const { name, compression } = formatOf(dataset.name);
    const { columns, warnings } = await this.#schemaOf(files, dataset);
    const said = { kind: dataset.isSet ? 'resource set' : 'file', format: name, compression };
    return this.#object(
      [
        { level: 'container', name: files.container },
        { level: 'table', name: dataset.name.toWellFormed() },
      ],
      {
        columns,
        warnings,
        additional: Object.entries(said).map(([key, value]) => ({ key, json: JSON.stringify(value) })),
      },
    );
  }

  /** The schema of the newest file that can be read; one that cannot is a warning with its name and the reason. */
  async #schemaOf(files: LakeFiles, { newest }: Dataset): Promise<Schema> {
    const warnings: Warning[] = [];
    for (const file of newest) {
      const schema = await this.#read(files, file);
      warnings.push(...schema.warnings);
      if (schema.warnings.length === 0) return { columns: schema.columns, warnings };
    }
    return { columns: null, warnings };
  }

  async #read(files: LakeFiles, file: LakeFile): Promise<Schema> {
    const key = JSON.stringify([files.container, file.path, file.version]);
    const known = this.#schemas.get(key);
    if (known !== undefined) return known;
    const read = await this.#readAnew(files, file);
    if (this.#schemas.size >= maxKept) this.#schemas.clear();
    this.#schemas.set(key, read);
    return read;
  }

  async #readAnew(files: LakeFiles, file: LakeFile): Promise<Schema> {
    try {
      const fields = await readSchema(files, file);
      return { columns: fields === undefined ? null : columnsOf(fields), warnings: [] };
    } catch (thrown) {
      const error = toStreamError(thrown, 'SOURCE_INVALID', file.path);
      if (error.retryable) throw error;
      const why = redactText(error.message.replace(/\.$/, ''));
      return {
        columns: null,
        warnings: [{ code: 'schema-not-read', location: file.path, message: `${file.path}: ${why}.` }],
      };
    }
  }

  #object(below: readonly NamePart[], facts: Partial<DatabaseObject>): FoundObject {
    const path: readonly NamePart[] = [{ level: 'server', name: this.#source.server }, ...below];
    const objectId = idOf(below);
    return {
      type: 'database-object',
      objectId,
      ref: objectId,
      value: {
        system: 'lake',
        path,
        ...blankObject,
        ...facts,
      },
    };
  }
}

function idOf(below: readonly NamePart[]): string {
  return below.map(({ name }) => encodeURI(name.toWellFormed())).join('/') || '/';
}

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}
