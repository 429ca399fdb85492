import { StreamError } from '../../pipeline/errors.ts';

/** Where a statement stands. */
export interface ScriptLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** One assignment of a script: `variable=(FUNCTION,argument,…)`. */
export type Statement = { readonly variable: string; readonly at: ScriptLine } & (
  | { readonly kind: 'READ'; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: 'ALIAS'; readonly name: string }
  | { readonly kind: 'PROJECT'; readonly source: string; readonly columns: readonly string[] }
  | { readonly kind: 'GROUPED_SUM'; readonly source: string; readonly columns: readonly string[] }
  | { readonly kind: 'WRITE'; readonly table: string; readonly source: string }
);

/** The variable that a WRITE is assigned to. */
const outputVariable = '@@OUTPUT';

/** Lines that a script may have. */
const maxLines = 100_000;

/** Parses a script, line by line. Linear. Throws SCRIPT_INVALID with file, line and text, or SOURCE_LIMIT. */
export function parseScript(text: string, file: string): readonly Statement[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  if (lines.length > maxLines) {
    throw new StreamError('SOURCE_LIMIT', `${file} has more than ${maxLines} lines.`);
  }
  return lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [parseLine({ file, line: index + 1, text: line.trim() })],
  );
}

/** An error in a script that names file, line and text. */
export function scriptError(at: ScriptLine, why: string): StreamError {
  const text = at.text.length > 120 ? `${at.text.slice(0, 120)}…` : at.text;
  return new StreamError('SCRIPT_INVALID', `${at.file}:${at.line}: ${why}: ${text}`);
}

function parseLine(at: ScriptLine): Statement {
  const equals = at.text.indexOf('=');
  const variable = at.text.slice(0, Math.max(0, equals)).trim();
  if (variable === '') throw scriptError(at, 'an assignment variable=(FUNCTION,argument,…) is missing');
  const call = at.text.slice(equals + 1).trim();
  if (!call.startsWith('(') || !call.endsWith(')')) throw scriptError(at, 'a parenthesis is missing');
  const inner = call.slice(1, -1);
  if (/[()]/.test(inner) || /[()]/.test(variable)) throw scriptError(at, 'there is a parenthesis too many');
  const [name = '', ...values] = inner.split(',').map((value) => value.trim());
  if (values.includes('')) throw scriptError(at, 'an argument is empty');
  const statement = statementOf(variable, { name, values }, at);
  if ((variable === outputVariable) !== (statement.kind === 'WRITE')) {
    throw scriptError(at, `WRITE, and only WRITE, is assigned to ${outputVariable}`);
  }
  return statement;
}

interface Call {
  readonly name: string;
  readonly values: readonly string[];
}

function statementOf(variable: string, { name, values }: Call, at: ScriptLine): Statement {
  const [first = '', second = '', ...rest] = values;
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw scriptError(at, `${name} takes ${what}, but has ${values.length}`);
  };
  switch (name) {
    case 'READ':
      need(values.length >= 2, 'a table and at least one column');
      return { variable, at, kind: 'READ', table: first, columns: values.slice(1) };
    case 'ALIAS':
      need(values.length === 1, 'one variable or table');
      return { variable, at, kind: 'ALIAS', name: first };
    case 'PROJECT':
      need(values.length >= 2, 'a source and at least one column');
      return { variable, at, kind: 'PROJECT', source: first, columns: values.slice(1) };
    case 'GROUPED_SUM':
      need(rest.length >= 1, 'a source, a summed column and at least one group column');
      return { variable, at, kind: 'GROUPED_SUM', source: first, columns: values.slice(1) };
    case 'WRITE':
      need(values.length === 2, 'a table and a source');
      return { variable, at, kind: 'WRITE', table: first, source: second };
    default:
      throw scriptError(at, `the function ${JSON.stringify(name)} is unknown`);
  }
}
