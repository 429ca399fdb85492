/** Texts and variables that the nodes of PL/pgSQL name. */
import { maxBlockDepth } from '../limits.ts';
import type { Reason } from '../reasons.ts';
import { fieldsOf, listOf, type Node, nodeOf, numberOf, textOf } from './tree.ts';

/** The text of an expression or query. */
export function queryText(value: unknown): string | undefined {
  return textOf(nodeOf(value)?.fields['query']);
}

/** The variables that a row goes to. */
export function targetsOf(value: unknown): readonly string[] {
  const node = nodeOf(value);
  if (node === undefined) return [];
  const names =
    node.kind === 'PLpgSQL_row'
      ? listOf(node.fields['fields']).map((field) => textOf(fieldsOf(field)['name']))
      : [textOf(node.fields['refname'])];
  return names.filter((name) => name !== undefined);
}

/** The variable at a place of the function's data, or the record that a field there belongs to. None for anything else. */
export function variableAt(data: readonly (Node | undefined)[], place: unknown): readonly string[] {
  const datum = data[numberOf(place)];
  const parent = datum?.kind === 'PLpgSQL_recfield' ? data[numberOf(datum.fields['recparentno'])] : datum;
  const name = textOf(parent?.fields['refname']);
  return name === undefined ? [] : [name];
}

/** Counts blocks inside each other: each costs call depth. */
export class BlockDepth {
  private depth = 0;

  /** Does the work one level deeper; false, and nothing done, if that is too deep. */
  within(work: () => void): boolean {
    if (this.depth >= maxBlockDepth) return false;
    this.depth++;
    work();
    this.depth--;
    return true;
  }
}

/** The reason for a block that is too deep. */
export function tooDeep(line: number): Reason {
  const text = `More than ${maxBlockDepth} blocks inside each other, line ${line}; the inner ones were left out.`;
  return { code: 'too-deep', line, text };
}
