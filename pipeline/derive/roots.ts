import type { EntityChange, SourcePosition } from '../../schemas/types.ts';
import type { DerivedEntity } from '../transform.ts';
import { refKey, refOfKey } from './keys.ts';

/** Who speaks, and from where in the source. */
export interface Speaker {
  readonly producer: string;
  readonly objectId: string;
  readonly position: SourcePosition;
}

/** What one object says about one root. */
export interface Statement extends Speaker {
  readonly placeholder: boolean;
  /** Undefined where only an earlier run knows it: the root is held, but nothing is said until the object is seen again. */
  readonly derived: DerivedEntity | undefined;
}

interface Emitted {
  readonly text: string;
  readonly placeholder: boolean;
}

interface Root {
  /** By object key. */
  readonly statements: Map<string, Statement>;
  /** The last change emitted, by producer. */
  readonly emitted: Map<string, Emitted>;
}

/**
 * Who says what about each root entity. Several objects may speak of one: jobs of one tool share its pipeline, a job
 * may need a placeholder for a table that a database describes. Within a producer the object with the smallest key
 * speaks; placeholders are silent while anybody speaks for real; a root that nobody speaks of any more is deleted.
 */
export class Roots {
  readonly #roots = new Map<string, Root>();

  /** Replaces what an object says about all its roots, and returns the keys of roots that are touched. */
  replace(
    object: string,
    before: Iterable<string>,
    statements: ReadonlyMap<string, Statement>,
  ): ReadonlySet<string> {
    const touched = new Set(before);
    for (const key of touched) this.#roots.get(key)?.statements.delete(object);
    for (const [key, statement] of statements) {
      this.#root(key).statements.set(object, statement);
      touched.add(key);
    }
    return touched;
  }

  /** Holds a root for an object of which only an earlier run knows what it said. */
  hold(object: string, key: string, statement: Omit<Statement, 'derived'>): void {
    const root = this.#root(key);
    root.statements.set(object, { ...statement, derived: undefined });
    root.emitted.set(statement.producer, { text: '', placeholder: statement.placeholder });
  }

  /** The changes that make the catalogue say of a root what its speakers say now; none when nothing changed. */
  changes(key: string, by: Speaker): readonly EntityChange[] {
    const root = this.#roots.get(key);
    if (root === undefined) return [];
    if (root.statements.size === 0) {
      this.#roots.delete(key);
      return root.emitted.size === 0 ? [] : [deletion(key, by)];
    }
    const onlyPlaceholders = [...root.statements.values()].every((statement) => statement.placeholder);
    const changes: EntityChange[] = [];
    if (onlyPlaceholders && [...root.emitted.values()].some((emitted) => !emitted.placeholder)) {
      changes.push(deletion(key, by)); // what was said for real must go before a placeholder stands in again
      root.emitted.clear();
    }
    forgetTheSilent(root);
    for (const statement of speakers(root.statements, onlyPlaceholders)) {
      if (statement.derived === undefined) continue;
      const text = JSON.stringify(statement.derived);
      if (root.emitted.get(statement.producer)?.text === text) continue;
      root.emitted.set(statement.producer, { text, placeholder: statement.placeholder });
      changes.push(upsert(key, statement, statement.derived));
    }
    return changes;
  }

  #root(key: string): Root {
    const root = this.#roots.get(key) ?? { statements: new Map(), emitted: new Map() };
    this.#roots.set(key, root);
    return root;
  }
}

/** A producer that no longer speaks of a root says all of it again when it comes back. */
function forgetTheSilent(root: Root): void {
  const producers = new Set([...root.statements.values()].map((statement) => statement.producer));
  for (const producer of root.emitted.keys()) if (!producers.has(producer)) root.emitted.delete(producer);
}

/** The speaking statement of each producer, in the order of producers' names. */
function speakers(statements: ReadonlyMap<string, Statement>, placeholders: boolean): readonly Statement[] {
  const byProducer = new Map<string, Statement>();
  for (const [, statement] of [...statements].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (statement.placeholder !== placeholders) continue;
    const before = byProducer.get(statement.producer);
    if (before?.derived === undefined) byProducer.set(statement.producer, statement);
  }
  return [...byProducer.values()].sort((a, b) => (a.producer < b.producer ? -1 : 1));
}

function upsert(
  key: string,
  { producer, objectId, position }: Speaker,
  derived: DerivedEntity,
): EntityChange {
  return { operation: 'UPSERT', ...refOfKey(key), producer, objectId, position, ...derived };
}

function deletion(key: string, { producer, objectId, position }: Speaker): EntityChange {
  const nothing = { entities: [], complete: [], placeholder: false };
  return { operation: 'DELETE', ...refOfKey(key), producer, objectId, position, ...nothing };
}

/** The key of a derived root. */
export function rootKey(derived: DerivedEntity): string {
  return refKey(derived.entities[0]);
}
