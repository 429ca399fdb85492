import type { Json } from '../../pipeline/state.ts';
import { entityTypesOf, relationshipTypesOf, type TypePlan } from './type-plan.ts';

/** A file that is to be written: its name within the folder, and its text. */
export interface NewFile {
  readonly name: string;
  readonly text: string;
}

/** Two objects of each level, for a source whose data nobody has shown. */
export function sampleOf({ levels }: TypePlan): Json {
  return [1, 2].map((number) =>
    Object.fromEntries([
      ...levels.map(({ name }, index) => [name, `${name}${index === levels.length - 1 ? number : 1}`]),
      ...levels.flatMap(({ attributes }) =>
        Object.values(attributes).map(({ field, typeName }) => [field, exampleOf(typeName)]),
      ),
    ]),
  );
}

function exampleOf(typeName: string): Json {
  if (typeName === 'boolean') return true;
  if (typeName === 'array<string>') return ['a', 'b'];
  return typeName === 'string' ? 'text' : 1;
}

/** The plugin of a source of one's own, its test, and its sample data. */
export function pluginFiles(name: string, plan: TypePlan, sample: Json): readonly NewFile[] {
  return [
    { name: `${name}.sample.json`, text: `${JSON.stringify(sample, null, 2)}\n` },
    { name: `${name}.mjs`, text: pluginText(name, plan) },
    { name: `${name}.test.mjs`, text: testText(name) },
  ];
}

function pluginText(name: string, plan: TypePlan): string {
  const levels = plan.levels.map(({ typeName, name: level, each, key, attributes }, index) => ({
    level,
    typeName,
    ...(each === undefined && index > 0 ? {} : { each: each ?? '' }),
    key,
    attributes: Object.fromEntries(Object.entries(attributes).map(([one, { field }]) => [one, field])),
  }));
  const parts: Readonly<Record<string, string>> = {
    name,
    quoted: JSON.stringify(name),
    summary: JSON.stringify(`The source ${name}.`),
    levels: JSON.stringify(levels, null, 2),
    entityTypes: indented(entityTypesOf(plan)),
    relationshipTypes: indented(relationshipTypesOf(plan)),
  };
  return template.replaceAll(/@(\w+)@/gu, (found, part: string) => parts[part] ?? found);
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
}

function testText(name: string): string {
  return `/** Run it with: npx vitest run ${name}.test.mjs */
import { producerContract, scanAll } from 'purview-streams/testing';
import { producers } from './${name}.mjs';

const baseFolder = import.meta.dirname;
const open = (source) => () => producers[${JSON.stringify(name)}].configure('p', { source }, { baseFolder }).open();
const { objects } = await scanAll(await open('${name}.sample.json')());

producerContract(${JSON.stringify(name)}, {
  open: open('${name}.sample.json'),
  objects: objects.map(({ type, objectId }) => \`\${type} \${objectId}\`),
  openBroken: open('missing.json'),
});
`;
}

/** The plugin, with the places of what the plan says. */
const template = `/**
 * The producer \`@name@\`. To read the source itself, change \`read\`; to show more of it, change \`levels\` and the types.
 * The page docs/plugins.md of purview-streams says more.
 */
import path from 'node:path';
import { createNaming, producerComponent, StreamError, z } from 'purview-streams';
import { atIntervals, createHttpClient, decodeText, readFileUnder, throwIfStopped } from 'purview-streams/platform';

/**
 * Where each level stands in what the source says: in which list (of the object above, or of the whole; '' is the whole itself, and without one
 * it is told by the same object), which field holds its name, and by attribute which fields hold what else is known.
 */
const levels = @levels@;

/** The types of the entities, as the catalogue gets them. */
const types = {
  entityTypes: @entityTypes@,
  relationshipTypes: @relationshipTypes@,
};

const maxBytes = 50_000_000;

/** What the source says: a file of JSON, or the answer at an address. */
async function read({ source, baseFolder }, signal) {
  if (/^https?:/.test(source)) {
    const http = createHttpClient({ baseUrl: new URL(source).origin, timeoutMs: 30_000, maxResponseBytes: maxBytes });
    const { status, body } = await http.request({ method: 'GET', path: source, signal });
    if (status === 200 && body.kind === 'json') return body.value;
    throw new StreamError(status >= 500 ? 'SOURCE_UNAVAILABLE' : 'SOURCE_INVALID', \`\${source} answered \${status}, \${body.kind}.\`);
  }
  const { dir: root, base: file } = path.parse(path.resolve(baseFolder, source));
  const { bytes } = await readFileUnder({ root, file, maxBytes });
  return JSON.parse(decodeText(bytes, file));
}

/** Every object of every level once, outermost first, with the names of those around it. */
function* objectsOf(whole, place = {}, depth = 0) {
  const level = levels[depth];
  if (level === undefined) return;
  const { each } = level;
  const list = each === undefined ? [whole] : each.split('.').reduce((at, key) => (key === '' ? at : at?.[key]), whole);
  for (const object of list ?? []) {
    const here = { ...place, [level.level]: String(object[level.key]) };
    yield { level, depth, object, place: here };
    yield* objectsOf(object, here, depth + 1);
  }
}

const naming = createNaming(types.entityTypes);

function entityOf({ level, depth, object, place }) {
  const name = place[level.level];
  const qualifiedName = naming.build(level.typeName, place);
  const known = Object.entries(level.attributes).filter(([, field]) => object[field] !== undefined);
  const above = levels[depth - 1];
  const references =
    above === undefined
      ? []
      : [{ attribute: above.level, many: false, targets: [{ typeName: above.typeName, qualifiedName: naming.build(above.typeName, place) }] }];
  const attributes = { name, ...Object.fromEntries(known.map(([attribute, field]) => [attribute, object[field]])) };
  const unsaid = { classifications: null, labels: null, businessAttributes: null, customAttributes: null, terms: null, contacts: null, collection: null };
  const value = { typeName: level.typeName, qualifiedName, attributes, references, ...unsaid, guidReferences: [], warnings: [], additional: [] };
  return { type: 'entity', objectId: qualifiedName, value };
}

async function* scan(source, { signal, reject }) {
  throwIfStopped(signal);
  let whole;
  try {
    whole = await read(source, signal);
  } catch (thrown) {
    throwIfStopped(signal);
    if (thrown instanceof StreamError) throw thrown;
    throw new StreamError('SOURCE_INVALID', \`\${source.source}: \${thrown.message}\`, { cause: thrown });
  }
  const seen = new Set();
  for (const found of objectsOf(whole)) {
    throwIfStopped(signal);
    const missing = found.object[found.level.key] === undefined;
    if (missing) {
      const text = JSON.stringify(found.object);
      const error = new StreamError('SOURCE_INVALID', \`\${source.source}: a \${found.level.level} without \${found.level.key}: \${text.slice(0, 200)}\`);
      reject({ objectId: \`\${found.level.level} \${text.slice(0, 200)}\`, error, bytes: Buffer.from(text) });
      continue;
    }
    const entity = entityOf(found);
    if (seen.has(entity.objectId)) continue;
    seen.add(entity.objectId);
    yield entity;
  }
}

/** What the configuration knows it by. */
export const producers = {
  @quoted@: producerComponent({
    summary: @summary@,
    options: z.strictObject({
      source: z.string().min(1).describe('File of JSON, or an address that answers with it.'),
      interval: z.number().positive().default(60).describe('Seconds between two looks at the source while changes are followed.'),
    }),
    configure: (_name, given, { baseFolder }) => ({
      settings: { types, caseRule: 'preserve', steps: 'collapse', datasets: {} },
      open: async () => ({
        incarnation: async () => 'source',
        scan: (context) => scan({ source: given.source, baseFolder }, context),
        changes: (signal) => atIntervals(given.interval * 1000, signal),
        close: async () => undefined,
      }),
    }),
  }),
};
`;
