import { globMatcher } from '../../platform/list-files.ts';
import type { LakeFile } from './lake-files.ts';
import { resourceSetName } from './resource-set.ts';

/** Which files become resource sets. */
export interface ResourceSetRules {
  readonly enabled: boolean;
  /** Globs of paths that may be grouped. */
  readonly accept: readonly string[];
  /** Globs of paths that are files by themselves, whatever is accepted. */
  readonly reject: readonly string[];
  /** A set of fewer files is those files. */
  readonly minFiles: number;
}

/** A file, or a set of files that are one dataset. */
export interface Dataset {
  /** Path below the container, with what differs replaced. */
  readonly name: string;
  readonly isSet: boolean;
  /** The files that its schema may be taken from, newest first. */
  readonly newest: readonly LakeFile[];
}

/** Files of a set that are kept in mind: the newest ones, and as many of the first as may have to stand by themselves. */
const keptNewest = 3;

interface Group {
  count: number;
  newest: LakeFile[];
  /** Every file, as long as they are fewer than a set needs. */
  few: LakeFile[];
}

/** Puts files together as they are listed; memory depends on the datasets, not on the files. */
export class FileGroups {
  readonly #rules: ResourceSetRules;
  readonly #accepts: (path: string) => boolean;
  readonly #groups = new Map<string, Group>();

  constructor(rules: ResourceSetRules) {
    this.#rules = rules;
    const [accept, reject] = [rules.accept.map(globMatcher), rules.reject.map(globMatcher)];
    this.#accepts = (path) =>
      rules.enabled && accept.some((matches) => matches(path)) && !reject.some((matches) => matches(path));
  }

  /** How many datasets there are so far. */
  get size(): number {
    return this.#groups.size;
  }

  /** The set that a file belongs to; its own path where it is none's. */
  nameOf(path: string): string {
    return this.#accepts(path) ? resourceSetName(path) : path;
  }

  add(file: LakeFile): void {
    const name = this.nameOf(file.path);
    const group = this.#groups.get(name) ?? { count: 0, newest: [], few: [] };
    group.count += 1;
    const at = group.newest.findIndex((one) => isNewer(file, one));
    group.newest.splice(at < 0 ? group.newest.length : at, 0, file);
    group.newest.splice(keptNewest);
    if (group.count < this.#rules.minFiles) group.few.push(file);
    else group.few = [];
    this.#groups.set(name, group);
  }

  /** The datasets, sorted by name. */
  *datasets(): Generator<Dataset> {
    const all = [...this.#groups].flatMap(([name, group]): readonly Dataset[] => {
      const [only] = group.newest;
      const isSet = only !== undefined && name !== only.path;
      if (!isSet || group.count >= this.#rules.minFiles) return [{ name, isSet, newest: group.newest }];
      return group.few.map((file) => ({ name: file.path, isSet: false, newest: [file] }));
    });
    yield* all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** By time, then by path, so that the order of listing does not show. */
function isNewer(a: LakeFile, b: LakeFile): boolean {
  return a.modifiedMs === b.modifiedMs ? a.path > b.path : a.modifiedMs > b.modifiedMs;
}
