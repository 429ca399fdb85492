import { z } from 'zod';
import type { Issued } from './issued.ts';

const named = z.object({ qualifiedName: z.string() });
const exportedLine = z.object({
  typeName: z.string(),
  qualifiedName: z.string(),
  attributes: z.record(z.string(), z.unknown()),
  relationshipAttributes: z.record(z.string(), z.union([named, z.array(named)])).default({}),
});
const letterLine = z.object({
  id: z.string(),
  stage: z.string(),
  code: z.string(),
  key: z.string().nullable(),
});

/** What the oracle looks at: nothing but the catalogue and the dead letters. */
export interface Evidence {
  /** `catalog export`. */
  readonly catalogue: string;
  /** `dead-letters list --json`. */
  readonly letters: string;
}

/** What is wrong, a line each; empty when all is right. */
export function faultsIn(issued: Issued, { catalogue, letters }: Evidence): readonly string[] {
  const found = new Map(
    lines(catalogue).map((line) => {
      const entity = exportedLine.parse(JSON.parse(line));
      return [entity.qualifiedName, entity];
    }),
  );
  const expected = new Set([...issued.assets.keys(), ...issued.jobs.keys()]);
  const missing = [...expected].filter((name) => !found.has(name));
  const unknown = [...found.keys()].filter((name) => !expected.has(name));
  const changed = [...issued.assets].filter(
    ([name, text]) => found.has(name) && found.get(name)?.attributes['comment'] !== text,
  );
  const astray = [...issued.jobs].filter(([name, ends]) => {
    const related = found.get(name)?.relationshipAttributes;
    return ['inputs', 'outputs'].some((list, index) => namesOf(related?.[list]) !== ends[index]);
  });
  const buried = lines(letters).map((line) => letterLine.parse(JSON.parse(line)));
  const nameOf = ({ key }: (typeof buried)[number]): string => (key ?? '').split('/').at(-1) ?? '';
  const stages = new Map(buried.map((letter) => [nameOf(letter), letter.stage]));
  const damaged = buried.filter((letter) => nameOf(letter) === '' && letter.code === 'EVENT_UNDECODABLE');
  const others = buried.filter((letter) => !issued.poison.has(nameOf(letter)) && !damaged.includes(letter));
  return [
    ...counted('missing from the catalogue', missing),
    ...counted('in the catalogue, but never issued', unknown),
    ...counted(
      'with another text than was issued',
      changed.map(([name]) => name),
    ),
    ...counted(
      'with other inputs or outputs than were issued',
      astray.map(([name]) => name),
    ),
    ...counted(
      'poison without a dead letter of its stage',
      [...issued.poison].filter(([key, stage]) => stages.get(key) !== stage).map(([key]) => key),
    ),
    ...counted(
      'dead letters of what is not poison',
      others.map(({ id, code }) => `${id} ${code}`),
    ),
    ...(damaged.length === issued.corrupt
      ? []
      : [`${damaged.length} dead letters for ${issued.corrupt} damaged records`]),
  ];
}

/** `99995 + 5`: what is in the catalogue and in the dead letters. */
export function sumOf(issued: Issued): string {
  return `${issued.assets.size + issued.jobs.size - implied(issued)} + ${issued.poison.size}`;
}

/** The root of the jobs' tool, which no event of its own stands for. */
function implied({ jobs }: Issued): number {
  return jobs.size > 0 ? 1 : 0;
}

function namesOf(related: z.infer<typeof named> | z.infer<typeof named>[] | undefined): string {
  return [related ?? []]
    .flat()
    .map(({ qualifiedName }) => qualifiedName)
    .join();
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function counted(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${names.length} ${what}: ${names.slice(0, 5).join(', ')}`];
}
