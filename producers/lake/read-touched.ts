import { throwIfStopped } from '../../platform/stop-scan.ts';
import { type Dataset, FileGroups, type ResourceSetRules } from './group-files.ts';
import type { LakeFiles } from './lake-files.ts';

/** The datasets that touched files belong to. */
export interface TouchedSets {
  readonly datasets: readonly Dataset[];
  /** Names of everything that was looked at: what of it is no dataset is gone. */
  readonly looked: readonly string[];
}

/**
 * Lists the files of every set that a touched file belongs to: those whose paths begin as the set's name does before its first `{`. Where a set may just have
 * become one, or none any more, by the number of its files, its files are looked at by themselves too.
 */
export async function readTouched(
  files: LakeFiles,
  touched: readonly string[],
  {
    source: { rules, isRead },
    signal,
  }: {
    readonly source: { readonly rules: ResourceSetRules; readonly isRead: (path: string) => boolean };
    readonly signal: AbortSignal;
  },
): Promise<TouchedSets> {
  const groups = new FileGroups(rules);
  const names = new Map(touched.map((path) => [groups.nameOf(path), new Set<string>()]));
  for (const path of touched) names.get(groups.nameOf(path))?.add(path);
  const kept = rules.minFiles + touched.length;
  for (const below of prefixesOf([...names.keys()])) {
    for await (const file of files.list(signal, below)) {
      throwIfStopped(signal);
      const known = names.get(groups.nameOf(file.path));
      if (known === undefined || !isRead(file.path)) continue;
      if (known.size <= kept) known.add(file.path);
      groups.add(file);
    }
  }
  const looked = [...names].flatMap(([name, paths]) => (paths.size > kept ? [name] : [name, ...paths]));
  return { datasets: [...groups.datasets()], looked };
}

/** What the sets' paths begin with, none within another: what lies below one is listed once. */
function prefixesOf(names: readonly string[]): readonly string[] {
  const all = names.map((name) => name.split('{', 1)[0] ?? '').sort();
  return all.filter((prefix, index) => !all.slice(0, index).some((shorter) => prefix.startsWith(shorter)));
}
