import { blankObject } from '../../pipeline/blank-object.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { redactText } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { Column, DatabaseObject, NamePart, Warning } from '../../schemas/types.ts';
import { columnsOf } from './fields.ts';
import { type Dataset, FileGroups, type ResourceSetRules } from './group-files.ts';
import type { LakeFile, LakeFiles } from './lake-files.ts';
import { formatOf, readSchema } from './read-schema.ts';

/** What a crawler works with. */
export interface LakeSource {
  /** Name of the machine or account in qualifiedNames. */
  readonly server: string;
  /** Where the files are, looked up anew for each scan. */
  containers(signal: AbortSignal): Promise<readonly LakeFiles[]>;
  readonly isRead: (path: string) => boolean;
  readonly rules: ResourceSetRules;
  readonly maxDatasets: number;
  changes(signal: AbortSignal): AsyncIterable<undefined>;
  readonly describeChanges: string;
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

  changes(signal: AbortSignal): AsyncIterable<undefined> {
    return this.#source.changes(AbortSignal.any([signal, this.#closed.signal]));
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
    const objectId = below.map(({ name }) => encodeURI(name.toWellFormed())).join('/');
    return {
      type: 'database-object',
      objectId: objectId === '' ? '/' : objectId,
      value: {
        system: 'lake',
        path,
        ...blankObject,
        ...facts,
      },
    };
  }
}
