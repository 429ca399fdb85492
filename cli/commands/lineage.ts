import { Command, Option } from 'commander';
import type { z } from 'zod';
import { readColumnMapping } from '../../pipeline/column-mapping.ts';
import { entityWithExtInfoSchema, lineageSchema } from '../../pipeline/atlas/replies.ts';
import { CatalogReader, type ReaderOptions } from '../catalog-reader.ts';
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
        else
          print(
            [...edges(lineage), ...(await columnEdges(reader, lineage))].join('\n') ||
              `${qualifiedName} has no lineage.`,
          );
      } finally {
        await reader.close();
      }
    });
}

function edges({ guidEntityMap, relations }: Lineage): readonly string[] {
  const name = (guid: string): string => {
    const found = guidEntityMap[guid]?.attributes?.['qualifiedName'];
    return typeof found === 'string' ? found : guid;
  };
  return relations
    .map(({ fromEntityId, toEntityId }) => `${name(fromEntityId)} -> ${name(toEntityId)}`)
    .sort();
}

/** The column pairs of every process of the graph, as its columnMapping says. */
async function columnEdges(reader: CatalogReader, lineage: Lineage): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const guid of Object.keys(lineage.guidEntityMap)) {
    const { entity } = await reader.read(`/entity/guid/${guid}`, {}, entityWithExtInfoSchema);
    const mapping = entity.attributes?.['columnMapping'];
    if (typeof mapping !== 'string' || mapping === '') continue;
    lines.push(
      ...readColumnMapping(mapping).map(
        (edge) => `${edge.source}#${edge.sourceColumn} -> ${edge.target}#${edge.targetColumn}`,
      ),
    );
  }
  return [...new Set(lines)].sort();
}
