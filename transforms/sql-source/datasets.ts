import { placeholderOf, resolveDataset } from '../../pipeline/datasets.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { CaseRule } from '../../pipeline/naming.ts';
import type { DerivedEntity, TransformContext } from '../../pipeline/transform.ts';
import type { EntityRef, Warning } from '../../schemas/types.ts';
import { type KnownColumns, knownColumns } from '../known-columns.ts';
import type { Name } from '../sql/ir.ts';
import { displayName, isLocation } from '../sql/names.ts';
import type { DatabasePlace } from './place.ts';

/** A table, view or file of a trace as an entity. */
export interface SqlDataset {
  readonly ref: EntityRef;
  readonly columns: KnownColumns;
}

/** The word by which the configuration's `datasets` says what a file, folder or stage is. */
const locationType = 'file';

/** The entities that the full names of one trace mean; each is found once. */
export class SqlDatasets {
  readonly warnings: Warning[] = [];
  readonly #context: TransformContext;
  readonly #from: { readonly producer: string; readonly location: string; readonly columnCase: CaseRule };
  readonly #place: DatabasePlace;
  readonly #found = new Map<string, SqlDataset | undefined>();
  readonly #placeholders = new Map<string, DerivedEntity>();

  /** `columnCase`: how names of columns are compared. `location`: where the text is, for warnings. */
  constructor(
    context: TransformContext,
    place: DatabasePlace,
    from: { readonly producer: string; readonly location: string; readonly columnCase: CaseRule },
  ) {
    this.#context = context;
    this.#place = place;
    this.#from = from;
  }

  /** Stands in for what no event has described, sorted by name. */
  get placeholders(): readonly DerivedEntity[] {
    return [...this.#placeholders.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity);
  }

  /** The entity of a name; undefined, with a warning, if it means none. */
  find(name: Name): SqlDataset | undefined {
    const key = JSON.stringify(name);
    if (!this.#found.has(key))
      this.#found.set(key, isLocation(name) ? this.#location(name) : this.#table(name));
    return this.#found.get(key);
  }

  #table(name: Name): SqlDataset | undefined {
    const table = this.#place.table(name);
    if (table === undefined) {
      this.#warn('name-not-placed', `${displayName(name)} does not tell in which database or schema it is.`);
      return undefined;
    }
    const { ref, known, path } = table;
    if (known === undefined) {
      const text = `${ref.qualifiedName} is named, but no producer describes it; it is only a placeholder.`;
      this.#warn('table-not-described', text);
      this.#standIn(placeholderOf(ref, path.at(-1)?.name ?? '', this.#place.containerOf(path)));
    }
    return { ref, columns: knownColumns(known, this.#from.columnCase) };
  }

  #location(name: Name): SqlDataset | undefined {
    const { producer, location } = this.#from;
    const text = displayName(name);
    if (!Object.hasOwn(this.#context.settings(producer).datasets, locationType)) {
      this.#warn(
        'unconfigured-location',
        `The configuration does not say what ${text} is; give the producer ${producer} a rule datasets.${locationType}.`,
      );
      return undefined;
    }
    try {
      const dataset = { type: locationType, name: text, path: text, location };
      const { ref, known, placeholder, warnings } = resolveDataset(this.#context, producer, dataset);
      this.warnings.push(...warnings);
      if (placeholder !== undefined) this.#standIn(placeholder);
      return { ref, columns: knownColumns(known, this.#from.columnCase) };
    } catch (thrown) {
      if (!(thrown instanceof StreamError && thrown.code === 'EVENT_INVALID')) throw thrown;
      this.#warn('unconfigured-location', thrown.message);
      return undefined;
    }
  }

  #standIn(placeholder: DerivedEntity): void {
    const [{ typeName, qualifiedName }] = placeholder.entities;
    this.#placeholders.set(`${qualifiedName}\n${typeName}`, placeholder);
  }

  #warn(code: string, message: string): void {
    this.warnings.push({ code, location: this.#from.location, message });
  }
}
