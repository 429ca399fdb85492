/**
 * Statements that a database has run become processes with lineage, apart from what code declares: where the source itself recorded what flowed
 * where, by that; else by reading the text. A statement that writes nothing from something has no process.
 */
import { databaseTypes, type PathContext, typesOfRule } from '../pipeline/database-names.ts';
import { observedStatement } from '../pipeline/history-types.ts';
import { processEntity } from '../pipeline/process.ts';
import {
  type Derivation,
  deriving,
  type ObjectRawEvent,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type { EntityRef, NamePart, ObservedFlow, ObservedStatement, TypedEvent } from '../schemas/types.ts';
import { SqlDatasets } from './sql-source/datasets.ts';
import { dialectOfSource } from './sql-source/dialect.ts';
import { DatabasePlace } from './sql-source/place.ts';
import { columnCaseOf, columnEdges, traceText, type TracedText } from './sql-source/trace-text.ts';
import type { Name } from './sql/ir.ts';
import { locationName } from './sql/names.ts';

/** The transform: observed statements → processes. */
export const traceObservedStatements: TransformFactory = (context) =>
  deriving((event) => (event.type === 'observed-statement' ? derive(context, event) : undefined));

/** Warnings behind which a write may hide. */
const decisive: ReadonlySet<string> = new Set(['not-understood', 'name-not-placed', 'unconfigured-location']);

type Lineage = Omit<TracedText, 'defines'>;

/** Where a statement ran, as far as names need it. */
interface Place {
  readonly at: PathContext;
  readonly path: readonly NamePart[];
  readonly searchPath?: readonly string[];
}

function derive(
  context: TransformContext,
  event: TypedEvent<'observed-statement'> & ObjectRawEvent,
): Derivation {
  const statement = event.value;
  const place = placeOf(context, statement);
  const lineage = lineageOf(context, statement, place);
  const { inputs, outputs } = lineage;
  // What writes nothing has no lineage, whatever of it could not be read; but what could not be placed may be what is written.
  const doubts = outputs.length > 0 || lineage.warnings.some(({ code }) => decisive.has(code));
  const warnings = [...statement.warnings, ...(doubts ? lineage.warnings : [])];
  if (inputs.length === 0 || outputs.length === 0) return { event, changes: [], known: [], warnings };
  const server = statement.path.find((part) => part.level === 'server')?.name ?? statement.producer;
  const process = processEntity({
    typeName: observedStatement.name,
    qualifiedName: context.naming.build(observedStatement.name, { server, statement: statement.objectId }),
    name: nameOf(statement, outputs),
    inputs,
    outputs,
    edges: lineage.edges,
    warnings,
    attributes: {
      statement: statement.text,
      system: statement.system,
      users: statement.users,
      executions: statement.executions,
      firstSeen: statement.firstSeen,
      lastSeen: statement.lastSeen,
      evidence: 'observed',
      dialect: lineage.attributes['dialect'] ?? null,
      confidence: lineage.attributes['confidence'] ?? null,
    },
  });
  return {
    event,
    changes: [{ entities: [process], complete: [], placeholder: false }, ...lineage.placeholders],
    known: [],
    warnings,
  };
}

function lineageOf(context: TransformContext, statement: ObservedStatement, place: Place): Lineage {
  const { text, producer, flows } = statement;
  if (flows !== null) return ofFlows(context, statement, { place, flows });
  // A statement that was cut may say the contrary of what its beginning says.
  if (statement.warnings.some(({ code }) => code === 'statement-cut')) return nothing;
  const language = dialectOfSource({}, statement.dialect);
  const { at, ...where } = place;
  return traceText(context, at, { text, producer, language, location: statement.objectId, ...where });
}

const nothing: Lineage = {
  inputs: [],
  outputs: [],
  edges: [],
  warnings: [],
  placeholders: [],
  attributes: {},
};

function ofFlows(
  context: TransformContext,
  statement: ObservedStatement,
  { place, flows }: { readonly place: Place; readonly flows: readonly ObservedFlow[] },
): Lineage {
  const { dialect } = dialectOfSource({}, statement.dialect);
  const { producer, objectId: location } = statement;
  const datasets = new SqlDatasets(
    context,
    new DatabasePlace(context, place.at, { dialect, path: place.path }),
    {
      producer,
      location,
      columnCase: columnCaseOf(dialect),
    },
  );
  // A table that is read and written is both only by its columns.
  const moving = flows.map((flow) => ({
    ...flow,
    source: nameOfPath(flow.source),
    target: nameOfPath(flow.target),
  }));
  const between = moving.filter(({ source, target }) => source.join('.') !== target.join('.'));
  const refs = (names: readonly Name[]): readonly EntityRef[] =>
    names.flatMap((name) => datasets.find(name)?.ref ?? []);
  const [inputs, outputs] = [
    refs(between.map(({ source }) => source)),
    refs(between.map(({ target }) => target)),
  ];
  const named = moving.flatMap(({ source, sourceColumn, target, targetColumn }) =>
    sourceColumn === null || targetColumn === null ? [] : [{ source, sourceColumn, target, targetColumn }],
  );
  const { edges, warnings } = columnEdges(named, datasets, location);
  return {
    inputs,
    outputs,
    edges,
    warnings: [...datasets.warnings, ...warnings],
    placeholders: datasets.placeholders,
    attributes: { dialect: dialect.name, confidence: 1 },
  };
}

/** A stage, at the level `container`, is a place and no table. */
function nameOfPath(path: readonly NamePart[]): Name {
  const names = path.map((part) => part.name);
  return path.at(-1)?.level === 'container' ? locationName(`@${names.join('.')}`) : names;
}

/** Tables have the types of the rule `datasets.table`, else those that the producer declares. A level that nothing tells stays empty. */
function placeOf(context: TransformContext, statement: ObservedStatement): Place {
  const { naming } = context;
  const settings = context.settings(statement.producer);
  const rule = Object.hasOwn(settings.datasets, 'table') ? settings.datasets['table'] : undefined;
  const database = rule === undefined ? databaseTypes(settings, statement.producer) : typesOfRule(rule);
  const at = {
    naming,
    database,
    settings: rule === undefined ? settings : { ...settings, caseRule: rule.caseRule },
  };
  const own = statement.path.find(({ level }) => level === 'schema')?.name;
  const searchPath = own === undefined ? statement.searchPath : [own, ...statement.searchPath];
  const typeName = database.levels.table?.typeName;
  const parameters = new Set(typeName === undefined ? [] : naming.parametersOf(typeName));
  const path = (['server', 'database', 'schema'] as const).flatMap((level): readonly NamePart[] => {
    if (!parameters.has(level)) return [];
    const given = statement.path.find((part) => part.level === level)?.name;
    const name = rule?.parameters[level] ?? given ?? (level === 'schema' ? searchPath[0] : undefined) ?? '';
    return [{ level, name }];
  });
  return { at, path, ...(searchPath.length > 0 ? { searchPath } : {}) };
}

/** A name for people: what it does, and to what. */
function nameOf({ text, flows }: ObservedStatement, outputs: readonly EntityRef[]): string {
  const verb = flows === null ? /[a-z]+/i.exec(text)?.[0].toLowerCase() : 'write';
  const targets = new Set(
    outputs.map(({ qualifiedName }) => qualifiedName.slice(qualifiedName.lastIndexOf('/') + 1)),
  );
  return `${verb === undefined || verb === 'with' ? 'write' : verb} ${[...targets].sort().join(', ')}`.slice(
    0,
    200,
  );
}
