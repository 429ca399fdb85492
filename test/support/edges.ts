import { z } from 'zod';
import { readColumnMapping } from '../../pipeline/column-mapping.ts';

const references = z.array(z.object({ qualifiedName: z.string() })).default([]);
const lineSchema = z.object({
  qualifiedName: z.string(),
  attributes: z.looseObject({ columnMapping: z.string().default('[]') }),
  relationshipAttributes: z.looseObject({ inputs: references, outputs: references }).prefault({}),
});

/** Every edge of a catalogue's export, one a line: `process: input -> output`, and `process: in#column -> out#column`. */
export function edgesOf(exported: string): readonly string[] {
  return exported
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineSchema.parse(JSON.parse(line)))
    .flatMap(({ qualifiedName, attributes, relationshipAttributes: { inputs, outputs } }) => [
      ...inputs.flatMap((input) =>
        outputs.map((output) => `${qualifiedName}: ${input.qualifiedName} -> ${output.qualifiedName}`),
      ),
      ...readColumnMapping(attributes.columnMapping).map(
        (edge) =>
          `${qualifiedName}: ${edge.source}#${edge.sourceColumn} -> ${edge.target}#${edge.targetColumn}`,
      ),
    ])
    .sort();
}
