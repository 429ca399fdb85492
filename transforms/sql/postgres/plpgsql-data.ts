/** Texts and variables that the nodes of PL/pgSQL name. */
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
