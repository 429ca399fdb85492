import { z } from 'zod';

/** One column edge: a column of an input dataset flows into a column of an output dataset. Datasets by qualifiedName. */
export interface ColumnEdge {
  readonly source: string;
  readonly sourceColumn: string;
  readonly target: string;
  readonly targetColumn: string;
}

const mappingSchema = z.array(
  z.object({
    DatasetMapping: z.object({ Source: z.string(), Sink: z.string() }),
    ColumnMapping: z.array(z.object({ Source: z.string(), Sink: z.string() })),
  }),
);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Writes column edges as the JSON text that Purview reads from a process's `columnMapping`: one element for each pair of
 * datasets, by qualifiedName. Sorted and without duplicates, so that equal lineage is equal text.
 */
export function writeColumnMapping(edges: readonly ColumnEdge[]): string {
  const pairs = new Map<string, ColumnEdge[]>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.target]);
    const list = pairs.get(key);
    if (list === undefined) pairs.set(key, [edge]);
    else list.push(edge);
  }
  const elements = [...pairs.values()].flatMap((list) => {
    const [first] = list;
    if (first === undefined) return [];
    const columns = new Map(
      list.map((edge) => [JSON.stringify([edge.targetColumn, edge.sourceColumn]), edge]),
    );
    return {
      DatasetMapping: { Source: first.source, Sink: first.target },
      ColumnMapping: [...columns.entries()]
        .sort(([a], [b]) => compare(a, b))
        .map(([, edge]) => ({ Source: edge.sourceColumn, Sink: edge.targetColumn })),
    };
  });
  return JSON.stringify(
    elements.sort(
      (a, b) =>
        compare(a.DatasetMapping.Sink, b.DatasetMapping.Sink) ||
        compare(a.DatasetMapping.Source, b.DatasetMapping.Source),
    ),
  );
}

/** Reads the edges of a `columnMapping` text. Throws when it is not of that form. */
export function readColumnMapping(text: string): readonly ColumnEdge[] {
  return mappingSchema.parse(JSON.parse(text)).flatMap((element) =>
    element.ColumnMapping.map((column) => ({
      source: element.DatasetMapping.Source,
      sourceColumn: column.Source,
      target: element.DatasetMapping.Sink,
      targetColumn: column.Sink,
    })),
  );
}
