import { z } from 'zod';

const lineSchema = z.looseObject({
  typeName: z.string(),
  qualifiedName: z.string(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  relationshipAttributes: z.record(z.string(), z.unknown()).default({}),
});
type Line = z.output<typeof lineSchema>;

/** One entity that two catalogues hold differently. */
export interface ChangedEntity {
  readonly typeName: string;
  readonly qualifiedName: string;
  /** Names of the attributes and relationships that differ. */
  readonly attributes: readonly string[];
}

/** How a catalogue differs from the present one. */
export interface CatalogDiff {
  readonly added: readonly Pick<ChangedEntity, 'typeName' | 'qualifiedName'>[];
  readonly changed: readonly ChangedEntity[];
  readonly removed: readonly Pick<ChangedEntity, 'typeName' | 'qualifiedName'>[];
  readonly same: number;
}

/** Compares two exports of catalogues, see `catalog export`. */
export function diffExports(present: string, next: string): CatalogDiff {
  const before = linesOf(present);
  const after = linesOf(next);
  const added: Line[] = [];
  const changed: ChangedEntity[] = [];
  let same = 0;
  for (const [name, text] of after) {
    const was = before.get(name);
    if (was === undefined) added.push(parse(text));
    else if (was === text) same += 1;
    else changed.push(changeOf(parse(was), parse(text)));
  }
  const removed = [...before].flatMap(([name, text]) => (after.has(name) ? [] : [parse(text)]));
  return { added: added.map(nameOnly), changed, removed: removed.map(nameOnly), same };
}

/** A diff as people read it; of long lists the beginning. */
export function diffText({ added, changed, removed, same }: CatalogDiff, shown = 20): string {
  const section = (title: string, entries: readonly string[]): readonly string[] => [
    ...(entries.length === 0 ? [] : [`${title}:`]),
    ...entries.slice(0, shown).map((entry) => `  ${entry}`),
    ...(entries.length > shown ? [`  … and ${entries.length - shown} more (--json shows all)`] : []),
  ];
  const name = (one: Pick<ChangedEntity, 'typeName' | 'qualifiedName'>): string =>
    `${one.typeName} ${one.qualifiedName}`;
  return [
    `Compared with the present catalogue: ${added.length} entities more, ${changed.length} different, ${removed.length} fewer, ${same} the same.`,
    ...section('more', added.map(name)),
    ...section(
      'different',
      changed.map((one) => `${name(one)} (${one.attributes.join(', ')})`),
    ),
    ...section('fewer', removed.map(name)),
  ].join('\n');
}

function linesOf(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const { typeName, qualifiedName } = parse(line);
      return [`${typeName}\n${qualifiedName}`, line];
    }),
  );
}

function parse(line: string): Line {
  return lineSchema.parse(JSON.parse(line));
}

function nameOnly({ typeName, qualifiedName }: Line): Pick<ChangedEntity, 'typeName' | 'qualifiedName'> {
  return { typeName, qualifiedName };
}

function changeOf(before: Line, after: Line): ChangedEntity {
  const flat = ({ attributes, relationshipAttributes, ...rest }: Line): Record<string, unknown> => ({
    ...rest,
    ...attributes,
    ...relationshipAttributes,
  });
  const [a, b] = [flat(before), flat(after)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const attributes = names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name])).sort();
  return { ...nameOnly(after), attributes };
}
