import { databaseTypes, type PathContext } from '../../pipeline/database-names.ts';
import { foldCase } from '../../pipeline/naming.ts';
import type { TransformContext } from '../../pipeline/transform.ts';
import type { ColumnMapping, JobFile, JobNode, Warning } from '../../schemas/types.ts';
import { dialectOfSource } from '../sql-source/dialect.ts';
import { type QuerySource, traceQuery } from '../sql-source/trace-query.ts';
import type { JobDataset, Origin, StepColumn } from './relations.ts';

/** What a step's query reads, and where the columns of its result come from. */
export interface TracedQuery {
  readonly datasets: readonly JobDataset[];
  /** By folded name; columns that come from no table are not here. */
  readonly columns: ReadonlyMap<string, StepColumn>;
  readonly warnings: readonly Warning[];
}

/** Traces the query of a step by the SQL engine. Throws CONFIG_INVALID when the producer declares no types of databases. */
export function queryOf(context: TransformContext, job: JobFile, node: JobNode): TracedQuery | undefined {
  const { query } = node;
  if (query === undefined || query === null) return undefined;
  const settings = context.settings(job.producer);
  const at: PathContext = {
    naming: context.naming,
    settings,
    database: databaseTypes(settings, job.producer),
  };
  const text = {
    text: query.text,
    producer: job.producer,
    language: dialectOfSource(settings, query.system),
    path: query.path,
    location: `${job.file}:${node.line}`,
  };
  const traced = traceQuery(context, at, text, [...new Set(node.columns.flatMap(namedIn))]);
  const datasets = new Map(traced.sources.map((source) => [source, datasetOf(source)]));
  const origins = new Map<string, Map<string, Origin>>();
  const names = new Map<string, string>();
  for (const { column, source, sourceColumn } of traced.columns) {
    const dataset = datasets.get(source);
    if (dataset === undefined) continue;
    const key = foldCase(column, settings.caseRule);
    names.set(key, names.get(key) ?? column);
    const own = origins.get(key) ?? new Map<string, Origin>();
    own.set(`${source.ref.qualifiedName}\n${sourceColumn}`, { dataset, column: sourceColumn });
    origins.set(key, own);
  }
  const columns = [...origins].map(
    ([key, own]) => [key, { name: names.get(key) ?? key, origins: new Set(own.values()) }] as const,
  );
  return { datasets: [...datasets.values()], columns: new Map(columns), warnings: traced.warnings };
}

/** The columns of the query that a mapping names. */
function namedIn({ sources }: ColumnMapping): readonly string[] {
  return sources.flatMap((source) => (source.startsWith('query.') ? [source.slice('query.'.length)] : []));
}

function datasetOf({ ref, placeholder, columns }: QuerySource): JobDataset {
  return {
    name: ref.qualifiedName,
    resolved: { ref, known: undefined, placeholder, warnings: [] },
    columns,
  };
}
