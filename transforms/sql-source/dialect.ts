import type { SourceSettings } from '../../pipeline/transform.ts';
import { type Dialect, findDialect } from '../sql/dialects.ts';

/** Words of producers and databases for a dialect, beside its own name. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ['t-sql', 'tsql'],
  ['transact-sql', 'tsql'],
  ['azure-sql', 'tsql'],
  ['synapse', 'tsql'],
  ['fabric', 'tsql'],
  ['plpgsql', 'postgres'],
  ['postgresql', 'postgres'],
  ['pl/sql', 'oracle'],
  ['plsql', 'oracle'],
  ['snowflake-scripting', 'snowflake'],
  ['spark-sql', 'spark'],
]);

/** The dialect that a text is read in. */
export interface TextDialect {
  readonly dialect: Dialect;
  /** True if nothing told the dialect. */
  readonly assumed: boolean;
}

/** The dialect of a routine by its language; where that is just `sql`, as {@link dialectOfSource} says. Undefined for other languages than SQL. */
export function dialectOfRoutine(
  settings: Pick<SourceSettings, 'dialect'>,
  routine: { readonly language: string; readonly system: string },
): TextDialect | undefined {
  const language = routine.language.toLowerCase();
  if (language === 'sql') return dialectOfSource(settings, routine.system);
  const dialect = named(language);
  return dialect === undefined ? undefined : { dialect, assumed: false };
}

/** The dialect of a source: its producer's option `dialect`, else the system's own name, else the generic one. */
export function dialectOfSource(settings: Pick<SourceSettings, 'dialect'>, system: string): TextDialect {
  const dialect = named(settings.dialect ?? system.toLowerCase());
  return { dialect: dialect ?? generic(), assumed: dialect === undefined };
}

function named(word: string): Dialect | undefined {
  return findDialect(otherWords.get(word) ?? word);
}

function generic(): Dialect {
  const dialect = findDialect('generic');
  if (dialect === undefined) throw new Error('There is no dialect named generic.');
  return dialect;
}
