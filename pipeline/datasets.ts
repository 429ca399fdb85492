import type { EntityRef, Reference, Warning } from '../schemas/types.ts';
import { StreamError } from './errors.ts';
import { foldCase, NamePattern, type NameParameters } from './naming.ts';
import type { DatasetRule, DerivedEntity, KnownAsset, TransformContext } from './transform.ts';
import type { EntityType } from './types.ts';

/** A dataset as an ETL tool names it. */
export interface NamedDataset {
  readonly type: string;
  readonly name: string;
  readonly path: string | null;
  /** Where the source names it, for warnings. */
  readonly location: string;
}

/** What a tool's name of a dataset means in the catalogue. */
export interface ResolvedDataset {
  readonly ref: EntityRef;
  /** Its shape, where its own source has described it. */
  readonly known: KnownAsset | undefined;
  /** Stands in for a dataset that no event has described. */
  readonly placeholder: DerivedEntity | undefined;
  readonly warnings: readonly Warning[];
}

/** Type of datasets whose type the configuration does not know. */
export const unconfiguredDataset: EntityType = {
  name: 'purview_streams_unconfigured_dataset',
  description:
    'A dataset that an ETL tool names with a type that the configuration does not map (datasets.TYPE of its producer).',
  superTypes: ['DataSet'],
  attributes: {
    datasetType: { typeName: 'string', description: "The tool's own word for the kind of dataset." },
  },
  qualifiedName: 'unconfigured://{producer}/{type}/{name}',
};

/**
 * Finds the entity that an ETL tool means by type, name and path, by the rules `datasets` of its producer. A type
 * without a rule is a warning and a placeholder of {@link unconfiguredDataset}, not a guess. Throws EVENT_INVALID when the
 * name does not have the form that the rule declares.
 */
export function resolveDataset(
  context: TransformContext,
  producer: string,
  dataset: NamedDataset,
): ResolvedDataset {
  const settings = context.settings(producer);
  const rule = Object.hasOwn(settings.datasets, dataset.type) ? settings.datasets[dataset.type] : undefined;
  if (rule === undefined) return unconfigured(context, producer, dataset);
  const parameters = readParameters(rule, dataset);
  const refs = rule.types.map((typeName) => ({
    typeName,
    qualifiedName: context.naming.build(typeName, parameters),
  }));
  const looked = refs.map((ref) => context.known.asset(ref));
  const index = Math.max(
    0,
    looked.findIndex((asset) => asset !== undefined),
  );
  const ref = refs[index];
  if (ref === undefined)
    throw new StreamError('CONFIG_INVALID', `datasets.${dataset.type} of ${producer} names no type.`);
  const known = looked[index];
  return {
    ref,
    known,
    placeholder: known === undefined ? placeholderOf(ref, displayName(dataset)) : undefined,
    warnings: [],
  };
}

/** A root that holds nothing but its name, and the reference to its container where that is known. */
export function placeholderOf(
  ref: EntityRef,
  name: string,
  references: readonly Reference[] = [],
): DerivedEntity {
  return { entities: [{ ...ref, attributes: { name }, references }], complete: [], placeholder: true };
}

function readParameters(rule: DatasetRule, dataset: NamedDataset): NameParameters {
  const read = (what: 'name' | 'path', pattern: string | undefined, text: string | null): NameParameters => {
    if (pattern === undefined) return {};
    const found = text === null ? undefined : new NamePattern(pattern).match(text);
    if (found !== undefined) return found;
    throw new StreamError(
      'EVENT_INVALID',
      `The ${what} ${JSON.stringify(text)} of a dataset of type ${dataset.type} does not have the form ${pattern} (${dataset.location}).`,
      {
        advice: `Correct it in the ETL tool, or change datasets.${dataset.type}.${what} in the configuration.`,
      },
    );
  };
  const given = { ...read('name', rule.name, dataset.name), ...read('path', rule.path, dataset.path) };
  const folded = Object.entries(given).map(([key, value]) => [key, foldCase(value, rule.caseRule)]);
  return { ...rule.parameters, ...Object.fromEntries(folded) };
}

function displayName(dataset: NamedDataset): string {
  return dataset.name === '' ? (dataset.path ?? '') : dataset.name;
}

function unconfigured(context: TransformContext, producer: string, dataset: NamedDataset): ResolvedDataset {
  const name = dataset.path ?? dataset.name;
  const ref = {
    typeName: unconfiguredDataset.name,
    qualifiedName: context.naming.build(unconfiguredDataset.name, { producer, type: dataset.type, name }),
  };
  return {
    ref,
    known: undefined,
    placeholder: {
      entities: [
        { ...ref, attributes: { name: displayName(dataset), datasetType: dataset.type }, references: [] },
      ],
      complete: [],
      placeholder: true,
    },
    warnings: [
      {
        code: 'unconfigured-dataset-type',
        location: dataset.location,
        message: `The dataset type "${dataset.type}" has no rule in datasets of the producer ${producer}; "${name}" is only a placeholder.`,
      },
    ],
  };
}
