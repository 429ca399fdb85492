import { Command, Option } from 'commander';
import type { z } from 'zod';
import { readColumnMapping } from '../../pipeline/column-mapping.ts';
import { entityWithExtInfoSchema, lineageSchema, relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { type CatalogEntity, CatalogReader, isRemoved, type ReaderOptions } from '../catalog-reader.ts';
import { print } from '../output.ts';
import { addReaderOptions } from './entity.ts';

type Lineage = z.output<typeof lineageSchema>;

interface Options extends ReaderOptions {
  readonly json?: boolean;
  readonly direction: string;
  readonly depth: string;
}

/** `lineage <qualifiedName>`: where an asset comes from and where it goes. */
export function lineageCommand(): Command {
  return addReaderOptions(new Command('lineage'))
    .description('Show the lineage of one asset: every edge, then every pair of columns.')
    .addOption(
      new Option('--direction <which>', 'which way to look')
        .choices(['INPUT', 'OUTPUT', 'BOTH'])
        .default('BOTH'),
    )
    .option('--depth <number>', 'steps from dataset to dataset; 0 for all', '0')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams lineage customdb://warehouse/tables/daily_sales\n  purview-streams lineage customdb://warehouse/tables/daily_sales --direction INPUT --depth 1',
    )
    .action(async (qualifiedName: string, options: Options) => {
      const reader = await CatalogReader.open(options);
      try {
        const { guid } = await reader.find(qualifiedName);
        const { direction, depth } = options;
        const lineage = await reader.read(`/lineage/${guid}`, { direction, depth }, lineageSchema);
        if (options.json === true) print(JSON.stringify(lineage));
        else print(lineageText(qualifiedName, lineage, await readAll(reader, lineage)));
      } finally {
        await reader.close();
      }
    });
}

async function readAll(reader: CatalogReader, lineage: Lineage): Promise<readonly CatalogEntity[]> {
  const entities: CatalogEntity[] = [];
  for (const guid of Object.keys(lineage.guidEntityMap)) {
    entities.push((await reader.read(`/entity/guid/${guid}`, {}, entityWithExtInfoSchema)).entity);
  }
  return entities;
}

/** The edges that hold now, then the pairs of columns. Atlas's lineage also walks what was removed, and does not mark it. */
function lineageText(qualifiedName: string, lineage: Lineage, entities: readonly CatalogEntity[]): string {
  const names = new Map(entities.map((entity) => [entity.guid, nameOf(entity)]));
  const active = new Set(entities.flatMap(activeEdges));
  const edges = lineage.relations
    .filter(({ fromEntityId, toEntityId }) => active.has(`${fromEntityId} ${toEntityId}`))
    .map(({ fromEntityId, toEntityId }) => `${names.get(fromEntityId)} -> ${names.get(toEntityId)}`);
  if (edges.length === 0) return `${qualifiedName} has no lineage.`;
  const columns = entities.filter((entity) => entity.status !== 'DELETED').flatMap(columnEdges);
  return [
    ...[...new Set(edges)].sort(),
    ...(columns.length > 0 ? ['columns:'] : []),
    ...[...new Set(columns)].sort(),
  ].join('\n');
}

/** `from to` for every input and output of a process that was not removed. */
function activeEdges(entity: CatalogEntity): readonly string[] {
  const targets = (attribute: string): readonly string[] => {
    const list = entity.relationshipAttributes?.[attribute];
    if (entity.status === 'DELETED' || !Array.isArray(list)) return [];
    return list.flatMap((value: unknown) => {
      const { data } = relatedObjectSchema.safeParse(value);
      return data === undefined || isRemoved(data) ? [] : [data.guid];
    });
  };
  return [
    ...targets('inputs').map((guid) => `${guid} ${entity.guid}`),
    ...targets('outputs').map((guid) => `${entity.guid} ${guid}`),
  ];
}

function nameOf(entity: CatalogEntity): string {
  const name = entity.attributes?.['qualifiedName'];
  return typeof name === 'string' ? name : entity.guid;
}

function columnEdges(entity: CatalogEntity): readonly string[] {
  const mapping = entity.attributes?.['columnMapping'];
  if (typeof mapping !== 'string' || mapping === '') return [];
  return readColumnMapping(mapping).map(
    (edge) => `${edge.source}#${edge.sourceColumn} -> ${edge.target}#${edge.targetColumn}`,
  );
}
