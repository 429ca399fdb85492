import { Command } from 'commander';
import { relatedObjectSchema } from '../../pipeline/atlas/replies.ts';
import { type CatalogEntity, CatalogReader, isRemoved, type ReaderOptions } from '../catalog-reader.ts';
import { defaultConfigFile } from '../load-config.ts';
import { print } from '../output.ts';

/** Options that `entity` and `lineage` share. */
export function addReaderOptions(command: Command): Command {
  return command
    .argument('<qualifiedName>', 'full name of the asset')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder of the local catalogue, instead of the configured one')
    .option('--json', 'print the answer of the catalogue as JSON');
}

/** `entity <qualifiedName>`: what the catalogue has of one asset. */
export function entityCommand(): Command {
  return addReaderOptions(new Command('entity'))
    .description('Show one entity of the catalogue, by its qualifiedName.')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams entity customdb://warehouse/tables/daily_sales\n  purview-streams entity etl://flow/jobs/1 --json | jq .attributes',
    )
    .action(async (qualifiedName: string, options: ReaderOptions & { readonly json?: boolean }) => {
      const reader = await CatalogReader.open(options);
      try {
        const entity = await reader.find(qualifiedName);
        print(options.json === true ? JSON.stringify(entity) : entityText(entity));
      } finally {
        await reader.close();
      }
    });
}

function entityText(entity: CatalogEntity): string {
  const attributes = Object.entries(entity.attributes ?? {}).filter(
    ([name]) => entity.relationshipAttributes?.[name] === undefined,
  );
  const related = Object.entries(entity.relationshipAttributes ?? {});
  const lines = [...attributes, ...related]
    .filter(([, value]) => !isEmpty(value) && shown(value) !== '')
    .map(([name, value]) => `  ${name}: ${shown(value)}`);
  return [`${entity.typeName} ${entity.guid} ${entity.status ?? ''}`.trimEnd(), ...lines].join('\n');
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** References by name, without those that were removed; texts as they are, the rest as JSON. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return value
      .map(shown)
      .filter((text) => text !== '')
      .join(', ');
  const { data } = relatedObjectSchema.safeParse(value);
  if (data === undefined) return JSON.stringify(value);
  if (isRemoved(data)) return '';
  const name = data['qualifiedName'] ?? data.displayText;
  return typeof name === 'string' ? name : data.guid;
}
