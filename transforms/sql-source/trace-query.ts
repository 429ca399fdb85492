import type { PathContext } from '../../pipeline/database-names.ts';
import type { DerivedEntity, TransformContext } from '../../pipeline/transform.ts';
import type { Warning } from '../../schemas/types.ts';
import type { Name } from '../sql/ir.ts';
import { type Trace, traceSql } from '../sql/trace.ts';
import { type SqlDataset, SqlDatasets } from './datasets.ts';
import { columnCaseOf, inputOf, placeOf, type SqlText } from './trace-text.ts';

/** A table or file that a query reads. */
export interface QuerySource extends SqlDataset {
  readonly placeholder: DerivedEntity | undefined;
}

/** What a query reads, and where the columns of its result come from. */
export interface TracedQueryText {
  readonly sources: readonly QuerySource[];
  readonly columns: readonly {
    readonly column: string;
    readonly source: QuerySource;
    readonly sourceColumn: string;
  }[];
  readonly warnings: readonly Warning[];
}

/** Stands for the result; nobody names a table so. */
const result = 'purview_streams_query';
const call = /^(?:\s|--.*(?:\n|$))*exec(?:ute)?\b/i;

/**
 * Traces a query in its place: a SELECT, or in T-SQL the call of a procedure that returns rows, of which `wanted` are the columns that are asked for. What could not be known
 * is a warning with the line.
 */
export function traceQuery(
  context: TransformContext,
  at: PathContext,
  given: SqlText,
  wanted: readonly string[],
): TracedQueryText {
  const text = asQuery(given, wanted);
  const place = placeOf(context, at, text);
  const view = { name: [result], columns: [] };
  const traced = traceSql(text.text, { ...inputOf(context, place, text), view });
  const isResult = (name: Name): boolean => name.at(-1) === result;
  const { producer, location } = text;
  const columnCase = columnCaseOf(text.language.dialect);
  const datasets = new SqlDatasets(context, place, { producer, location, columnCase });
  const found = new Map<string, QuerySource>();
  const sourceOf = (name: Name): QuerySource | undefined => {
    const dataset = isResult(name) ? undefined : datasets.find(name);
    if (dataset === undefined) return undefined;
    const key = `${dataset.ref.typeName}\n${dataset.ref.qualifiedName}`;
    const known = found.get(key) ?? {
      ...dataset,
      placeholder: datasets.placeholders.find(
        ({ entities: [root] }) => root.qualifiedName === dataset.ref.qualifiedName,
      ),
    };
    found.set(key, known);
    return known;
  };
  for (const name of traced.inputs) sourceOf(name);
  const columns = traced.edges.flatMap((edge): TracedQueryText['columns'] => {
    const source = isResult(edge.target) ? sourceOf(edge.source) : undefined;
    const sourceColumn = source?.columns.find(edge.sourceColumn);
    return source === undefined || sourceColumn === undefined
      ? []
      : [{ column: edge.targetColumn, source, sourceColumn }];
  });
  return {
    sources: [...found.values()],
    columns,
    warnings: [...warningsOf(traced, location), ...datasets.warnings],
  };
}

/** What could not be known of a query; what the temporary table of {@link asQuery} lacks is nothing of its own. */
function warningsOf({ reasons }: Trace, location: string): readonly Warning[] {
  return reasons
    .filter(({ text }) => !text.includes(`#${result}`))
    .map(({ code, line, text: message }) => ({
      code,
      location: `${location}, line ${line} of its query`,
      message,
    }));
}

/** The rows of a procedure bear its own names where they are put into a temporary table; a query of that tells which of them count. */
function asQuery(given: SqlText, wanted: readonly string[]): SqlText {
  const list = wanted.map((name) => `[${name.replaceAll(']', ']]')}]`).join(', ');
  if (given.language.dialect.name !== 'tsql' || list === '' || !call.test(given.text)) return given;
  return { ...given, text: `INSERT INTO #${result} ${given.text}\n;\nSELECT ${list} FROM #${result};` };
}
