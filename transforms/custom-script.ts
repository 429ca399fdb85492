/**
 * The script language of the example's database of files, one assignment a line: `variable=(FUNCTION,argument,…)`. Also the
 * example of a language of one's own: this file is all that is needed.
 */
import { StreamError } from '../pipeline/errors.ts';
import { type RoutineParser, scriptError, type ScriptLine, type ScriptStatement } from './scripts/parser.ts';

/** The variable that a WRITE is assigned to. */
const outputVariable = '@@OUTPUT';

/** Lines that a script may have. */
const maxLines = 100_000;

/** The language `custom`. */
export const customScript: RoutineParser = {
  language: 'custom',
  parse(text, file) {
    const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
    if (lines.length > maxLines)
      throw new StreamError('SOURCE_LIMIT', `${file} has more than ${maxLines} lines.`);
    return lines.flatMap((line, index) =>
      line.trim() === '' ? [] : [parseLine({ file, line: index + 1, text: line.trim() })],
    );
  },
};

function parseLine(at: ScriptLine): ScriptStatement {
  const equals = at.text.indexOf('=');
  const variable = at.text.slice(0, Math.max(0, equals)).trim();
  if (variable === '') throw scriptError(at, 'an assignment variable=(FUNCTION,argument,…) is missing');
  const call = at.text.slice(equals + 1).trim();
  if (!call.startsWith('(') || !call.endsWith(')')) throw scriptError(at, 'a parenthesis is missing');
  const inner = call.slice(1, -1);
  if (/[()]/.test(inner + variable)) throw scriptError(at, 'there is a parenthesis too many');
  const [name = '', ...values] = inner.split(',').map((value) => value.trim());
  if (values.includes('')) throw scriptError(at, 'an argument is empty');
  const statement = statementOf(variable, { name, values }, at);
  if ((variable === outputVariable) !== (statement.kind === 'write'))
    throw scriptError(at, `WRITE, and only WRITE, is assigned to ${outputVariable}`);
  return statement;
}

interface Call {
  readonly name: string;
  readonly values: readonly string[];
}

function statementOf(variable: string, { name, values }: Call, at: ScriptLine): ScriptStatement {
  const [first = '', second = '', ...rest] = values;
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw scriptError(at, `${name} takes ${what}, but has ${values.length}`);
  };
  switch (name) {
    case 'READ':
      need(values.length >= 2, 'a table and at least one column');
      return { at, kind: 'read', variable, table: first, columns: values.slice(1) };
    case 'ALIAS':
      need(values.length === 1, 'one variable or table');
      return { at, kind: 'alias', variable, name: first };
    case 'PROJECT':
      need(values.length >= 2, 'a source and at least one column');
      return { at, kind: 'project', variable, source: first, columns: values.slice(1) };
    case 'GROUPED_SUM':
      need(rest.length >= 1, 'a source, a summed column and at least one group column');
      return { at, kind: 'project', variable, source: first, columns: values.slice(1) };
    case 'WRITE':
      need(values.length === 2, 'a table and a source');
      return { at, kind: 'write', table: first, source: second };
    default:
      throw scriptError(at, `the function ${JSON.stringify(name)} is unknown`);
  }
}
