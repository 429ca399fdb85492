import { posix } from 'node:path';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, ScanContext } from '../../pipeline/producer.ts';
import { listFiles } from '../../platform/list-files.ts';
import { type FileContent, readFileUnder } from '../../platform/read-file.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { ConnectionRules } from './connections.ts';
import { Scope } from './expressions.ts';
import { readPackage } from './package-reader.ts';
import { parsePart, type ProjectParts, projectParts, readProject } from './project.ts';

/** What packages are read with. */
export interface PackageFilesOptions {
  readonly root: string;
  readonly tool: string;
  readonly system: string;
  readonly rules: ConnectionRules;
}

/** Bytes that a connection manager or the parameters of a project may have. */
const maxPartBytes = 4_000_000;

/** Reads the packages of one scan. What the packages of a folder share is read once. */
export class PackageFiles {
  readonly #options: PackageFilesOptions;
  readonly #context: Pick<ScanContext, 'reject' | 'signal'>;
  readonly #projects = new Map<string, Promise<ProjectParts>>();

  constructor(options: PackageFilesOptions, context: Pick<ScanContext, 'reject' | 'signal'>) {
    this.#options = options;
    this.#context = context;
  }

  /** The objects of a package or a project. Of a project a package that cannot be read is rejected alone. */
  async read(content: FileContent): Promise<readonly FoundObject[]> {
    return /\.ispac$/i.test(content.file) ? this.#project(content) : this.#package(content);
  }

  async #package({ file, bytes, modifiedMs }: FileContent): Promise<readonly FoundObject[]> {
    const folder = posix.dirname(file);
    const parts = this.#projects.get(folder) ?? this.#partsOf(folder);
    this.#projects.set(folder, parts);
    const idOf = (name: string): string => posix.join(folder, name);
    return readPackage({
      ...this.#options,
      ...(await parts),
      root: parsePart(bytes, file),
      file,
      jobId: idOf(posix.basename(file).replace(/\.dtsx$/i, '')),
      sibling: idOf,
      sequence: modifiedMs,
    });
  }

  /** What lies beside the packages of a folder: parameters and connection managers of their project. */
  async #partsOf(folder: string): Promise<ProjectParts> {
    const { root } = this.#options;
    const place = folder === '.' ? '' : `${folder}/`;
    const names = (await listFiles({ root: posix.join(root, folder), glob: '*' })).filter((name) =>
      /\.(?:conmgr|params)$/i.test(name),
    );
    const parts = new Map<string, Uint8Array>();
    for (const name of names) {
      const { bytes } = await readFileUnder({ root, file: `${place}${name}`, maxBytes: maxPartBytes });
      parts.set(name, bytes);
    }
    return names.length === 0 ? { scope: new Scope(), managers: [] } : projectParts(parts, place);
  }

  async #project({ file, bytes, modifiedMs }: FileContent): Promise<readonly FoundObject[]> {
    const project = await readProject(bytes, file);
    const found: FoundObject[] = [];
    for (const [name, part] of project.packages) {
      throwIfStopped(this.#context.signal);
      const place = `${file}/${name}`;
      const idOf = (own: string): string => `${project.name}/${own}`;
      try {
        found.push(
          ...readPackage({
            ...this.#options,
            scope: project.scope,
            managers: project.managers,
            root: parsePart(part, place),
            file: place,
            jobId: idOf(name.replace(/\.dtsx$/i, '')),
            sibling: idOf,
            sequence: modifiedMs,
          }),
        );
      } catch (thrown) {
        if (!(thrown instanceof StreamError)) throw thrown;
        this.#context.reject({ objectId: place, error: toStreamError(thrown, 'SOURCE_INVALID', place) });
      }
    }
    return found;
  }
}
