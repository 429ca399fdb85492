/** Whose word counts where several producers speak of one asset. */
export interface PrecedenceRules {
  /** Producers, the first goes first; others come after them, by name. */
  readonly producers: readonly string[];
  /** By attribute: who goes first there, before all others in their order. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** Orders what several producers say. */
export class Precedence {
  readonly #rules: PrecedenceRules;

  constructor(rules: PrecedenceRules) {
    this.#rules = rules;
  }

  /** Attributes that have an order of their own. */
  get attributes(): readonly string[] {
    return Object.keys(this.#rules.attributes);
  }

  /** Sorts by producer: who comes first has the word. With an attribute, the order of that one. */
  sorted<T extends { readonly producer: string }>(said: readonly T[], attribute?: string): readonly T[] {
    const { producers, attributes } = this.#rules;
    const own = attribute === undefined ? [] : (attributes[attribute] ?? []);
    const ranks = new Map<string, number>();
    for (const producer of [...own, ...producers]) if (!ranks.has(producer)) ranks.set(producer, ranks.size);
    const rank = ({ producer }: T): number => ranks.get(producer) ?? ranks.size;
    return [...said].sort((a, b) => rank(a) - rank(b) || (a.producer < b.producer ? -1 : 1));
  }
}
