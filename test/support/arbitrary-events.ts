import * as fc from 'fast-check';
import { databaseLevels, type EventTypes } from '../../schemas/types.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const orNull = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });
const list = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(values, { maxLength: 3 });
const long = fc.maxSafeInteger();
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const mapOf = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    values,
    { maxKeys: 3, noNullPrototype: true },
  );

const position = fc.record({ incarnation: text, sequence: long });
const object = { producer: text, objectId: text, position };
const additional = list(fc.record({ key: text, json: text }));
const described = {
  ...object,
  warnings: list(fc.record({ code: text, location: text, message: text })),
  additional,
};
const path = list(fc.record({ level: fc.constantFrom(...databaseLevels), name: text }));
const typedName = fc.record({ typeName: text, name: text });
const datasetName = fc.record({ type: text, name: text, path: orNull(text), additional });
const ref = fc.record({ typeName: text, qualifiedName: text });
const column = fc.record({
  name: text,
  ordinal: int,
  dataType: text,
  description: orNull(text),
  nullable: orNull(fc.boolean()),
  length: orNull(int),
  scale: orNull(int),
  defaultExpression: orNull(text),
  primaryKey: fc.boolean(),
  unique: fc.boolean(),
  references: orNull(fc.record({ path, column: text })),
  additional,
});
const dependency = fc.record({
  source: path,
  sourceColumn: orNull(text),
  targetColumn: orNull(text),
  transformed: fc.boolean(),
});
const flow = fc.record({
  source: path,
  sourceColumn: orNull(text),
  target: path,
  targetColumn: orNull(text),
});
const node = fc.record({
  id: text,
  kind: text,
  line: int,
  inputs: list(typedName),
  columns: list(fc.record({ sources: list(text), target: text, line: int })),
  output: orNull(typedName),
  dependsOn: list(text),
  query: orNull(fc.record({ text, system: text, path })),
});
const attributes = mapOf(
  fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    text,
    list(text),
    fc.record({ json: text }),
  ),
);
const classification = fc.record({
  typeName: text,
  attributes,
  propagate: orNull(fc.boolean()),
  removePropagationsOnEntityDelete: orNull(fc.boolean()),
  validityPeriods: list(
    fc.record({ startTime: orNull(text), endTime: orNull(text), timeZone: orNull(text) }),
  ),
});
const contacts = orNull(list(fc.record({ id: text, info: orNull(text) })));
const annotations = {
  classifications: orNull(list(classification)),
  labels: orNull(list(text)),
  businessAttributes: orNull(mapOf(attributes)),
  customAttributes: orNull(mapOf(text)),
  contacts: orNull(fc.record({ experts: contacts, owners: contacts })),
  collection: orNull(text),
  guidReferences: list(fc.record({ attribute: text, many: fc.boolean(), guids: list(text) })),
};
const entity = fc.record({
  typeName: text,
  qualifiedName: text,
  attributes,
  references: list(fc.record({ attribute: text, many: fc.boolean(), targets: list(ref) })),
});
const entityBody = fc
  .tuple(entity, orNull(fc.record(annotations)))
  .map(([body, said]) => ({ ...body, annotations: said }));

/** An arbitrary of every event: any value that its TypeScript interface allows and Avro can hold. */
export const arbitraryEvents: { readonly [T in keyof EventTypes]: fc.Arbitrary<EventTypes[T]> } = {
  'database-object': fc.record({
    ...described,
    system: text,
    path,
    description: orNull(text),
    owner: orNull(text),
    columns: orNull(list(column)),
    definition: orNull(text),
    dependencies: list(dependency),
    parts: list(text),
    formerly: list(
      fc.record({
        objectId: text,
        sequence: long,
        path,
        columns: list(fc.record({ from: text, to: text })),
      }),
    ),
  }),
  routine: fc.record({
    ...described,
    system: text,
    path,
    kind: fc.constantFrom('PROCEDURE', 'FUNCTION', 'SCRIPT'),
    language: text,
    text,
    description: orNull(text),
    file: orNull(text),
  }),
  job: fc.record({
    ...described,
    tool: text,
    name: text,
    description: orNull(text),
    lastRun: orNull(text),
    inputs: list(datasetName),
    outputs: list(datasetName),
  }),
  'job-file': fc.record({
    ...described,
    tool: text,
    name: text,
    jobId: text,
    file: text,
    nodes: list(node),
    calls: list(text),
  }),
  'observed-statement': fc.record({
    ...described,
    system: text,
    path,
    dialect: text,
    searchPath: list(text),
    text,
    users: list(text),
    executions: orNull(long),
    firstSeen: orNull(text),
    lastSeen: orNull(text),
    flows: orNull(list(flow)),
  }),
  entity: fc
    .tuple(entity, fc.record({ ...described, ...annotations, terms: orNull(list(text)) }))
    .map(([body, rest]) => ({ ...body, ...rest })),
  removal: fc.record({ ...object, removedType: text, becomes: path }),
  'scan-started': fc.record({ producer: text, scanId: text, position }),
  'scan-completed': fc.record({
    producer: text,
    scanId: text,
    position,
    objects: long,
    rejected: long,
    removed: long,
  }),
  'entity-change': fc.record({
    ...object,
    operation: fc.constantFrom('UPSERT', 'DELETE'),
    typeName: text,
    qualifiedName: text,
    entities: list(entityBody),
    complete: list(text),
    placeholder: fc.boolean(),
    renamed: list(fc.record({ typeName: text, from: text, to: text, objectId: text, until: long })),
  }),
  'dead-letter': fc.record({
    id: text,
    stage: fc.constantFrom('PRODUCE', 'DECODE', 'TRANSFORM', 'SINK'),
    code: text,
    message: text,
    time: text,
    attempts: int,
    topic: orNull(text),
    partition: orNull(int),
    offset: orNull(long),
    producer: orNull(text),
    key: orNull(text),
    headers: mapOf(text),
    value: orNull(fc.uint8Array({ maxLength: 20 })),
  }),
  'derived-object': fc.record({
    ...object,
    objectType: text,
    partition: int,
    offset: long,
    event: orNull(fc.uint8Array({ maxLength: 20 })),
    asked: list(ref),
    known: list(
      fc.record({
        typeName: text,
        qualifiedName: text,
        columns: list(text),
        standsFor: orNull(ref),
        routine: orNull(fc.record({ dialect: text, text, place: path })),
      }),
    ),
    roots: list(fc.record({ typeName: text, qualifiedName: text, placeholder: fc.boolean(), hash: text })),
    processes: int,
    lineageEdges: int,
    columnEdges: int,
    warnings: list(text),
  }),
};
