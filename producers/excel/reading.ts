import type { EntityRef } from '../../schemas/types.ts';
import { addTarget, type Draft, Drafts, type DraftReference, referenceOf } from './draft.ts';
import { type Layout, splitList } from './layout.ts';
import { type Place, Problems } from './problems.ts';
import type { TableRow } from './table.ts';

interface PendingTarget {
  readonly draft: Draft;
  readonly reference: DraftReference;
  readonly qualifiedName: string;
  readonly place: Place;
}

/** Reads one workbook: the entities and problems so far, and what the sheets have in common. */
export class Reading {
  readonly layout: Layout;
  readonly problems = new Problems();
  readonly drafts = new Drafts();
  readonly #pending: PendingTarget[] = [];
  readonly #unknown = new Set<string>();

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** The text of a cell that must not be empty; undefined, and reported, when it is. */
  required(row: TableRow, header: string): string | undefined {
    const text = row.text(header);
    // A cell that holds an error is reported already.
    if (text === undefined && row.at(header).value === undefined)
      this.problems.error(
        row.at(header),
        'value-missing',
        `expected a value: every row needs its ${header}.`,
      );
    return text;
  }

  /** Reports a column whose header has a prefix that means nothing, once a sheet. */
  unknownHeader(row: TableRow, header: string): void {
    const key = `${row.sheet}\n${header}`;
    if (this.#unknown.has(key)) return;
    this.#unknown.add(key);
    this.problems.error(
      row.at(header),
      'header-unknown',
      'expected a header such as "[Relationship] x", "[root] x", "[custom] x", "[Business][type] x", "[Managed][type] x", or the name of an attribute.',
    );
  }

  /** Adds the classifications of a cell. */
  classify(draft: Draft, row: TableRow, header: string): void {
    for (const name of splitList(row.text(header) ?? '', this.layout.separator))
      draft.classifications.add(name);
  }

  /** Adds the targets that a cell names; those that it names by qualifiedName alone are looked for when every sheet was read. */
  refer(
    draft: Draft,
    given: { readonly attribute: string; readonly text: string; readonly place: Place },
  ): void {
    const { attribute, text, place } = given;
    const parts = splitReferences(text, this.layout.separator);
    const many = parts.isList || attribute === 'inputs' || attribute === 'outputs';
    const reference = referenceOf(draft, attribute, many);
    for (const part of parts.parts) {
      const target = parseObjectId(part);
      if (target === undefined) this.#pending.push({ draft, reference, qualifiedName: part, place });
      else if ('guid' in target) reference.guids.push(target.guid);
      else if ('typeName' in target) addTarget(reference, target);
      else {
        draft.isBroken = true;
        this.problems.error(place, 'reference-form', target.expected);
      }
    }
  }

  /** Finds what was named by qualifiedName alone, among the entities of the workbook. */
  resolve(): void {
    for (const { draft, reference, qualifiedName, place } of this.#pending) {
      const [found, second] = this.drafts.named(qualifiedName);
      if (found !== undefined && second === undefined) addTarget(reference, found);
      else {
        draft.isBroken = true;
        const what =
          found === undefined
            ? `no entity of this workbook has the qualifiedName ${JSON.stringify(qualifiedName)}`
            : `entities of several types have the qualifiedName ${JSON.stringify(qualifiedName)}`;
        this.problems.error(
          place,
          found === undefined ? 'reference-unknown' : 'reference-ambiguous',
          `${what}. Expected AtlasObjectId(typeName:TYPE qualifiedName:NAME) or AtlasObjectId(guid:GUID), or the qualifiedName of one entity of the workbook.`,
        );
      }
    }
  }
}

/** A list is what has the separator outside of AtlasObjectId(…); one at the end makes a list of one. */
function splitReferences(
  text: string,
  separator: string,
): { readonly parts: readonly string[]; readonly isList: boolean } {
  const parts: string[] = [];
  let isList = false;
  for (let rest = text.trim(); rest !== ''; ) {
    const end = endOfReference(rest, separator);
    const part = rest.slice(0, end).trim();
    if (part !== '') parts.push(part);
    isList ||= end < rest.length;
    rest = rest.slice(end + separator.length).trim();
  }
  return { parts, isList };
}

function endOfReference(text: string, separator: string): number {
  const from = text.startsWith('AtlasObjectId(') ? closingBracket(text) : 0;
  const end = text.indexOf(separator, from);
  return end < 0 ? text.length : end;
}

/** Where the first bracket closes: a qualifiedName may hold brackets of its own, and separators between them. 0 where it never does. */
function closingBracket(text: string): number {
  let depth = 0;
  for (let at = text.indexOf('('); at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return 0;
}

type ObjectId = EntityRef | { readonly guid: string } | { readonly expected: string };

/** Reads `AtlasObjectId(…)`; undefined for any other text. */
function parseObjectId(text: string): ObjectId | undefined {
  if (!/^AtlasObjectId\b/iu.test(text)) return undefined;
  const inside = /^AtlasObjectId\(([\s\S]*)\)$/u.exec(text)?.[1]?.trim();
  const guid = /^guid:\s*(\S+)$/u.exec(inside ?? '')?.[1];
  if (guid !== undefined) return { guid };
  const [, typeName = '', qualifiedName = ''] =
    /^typeName:\s*(.*?)[\s,]+qualifiedName:\s*([\s\S]+)$/u.exec(inside ?? '') ?? [];
  if (typeName !== '' && qualifiedName !== '') return { typeName, qualifiedName };
  return {
    expected: 'expected AtlasObjectId(guid:GUID) or AtlasObjectId(typeName:TYPE qualifiedName:NAME).',
  };
}
