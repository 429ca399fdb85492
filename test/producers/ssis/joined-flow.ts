import type { DtsxComponent } from '../../support/dtsx.ts';
import { columns, destination, source, taken } from './packages.ts';

/** Two sources that are joined, converted, replaced and summed. */
export const flow: readonly DtsxComponent[] = [
  {
    name: 'A',
    kind: source,
    connection: 'DW',
    properties: { AccessMode: '2', SqlCommand: 'SELECT k, v FROM dbo.a' },
    outputs: [
      { name: 'out', columns: columns('k', 'v') },
      { name: 'error', error: true, columns: [{ name: 'ErrorCode' }] },
    ],
  },
  {
    name: 'Sorted',
    kind: 'Microsoft.Sort',
    inputs: [{ name: 'in', with: 'A/out', columns: taken('A/out', 'k', 'v') }],
    outputs: [
      {
        name: 'out',
        columns: [
          { name: 'k', properties: { SortColumnId: '{A/out/k}' } },
          { name: 'v', properties: { SortColumnId: '{A/out/v}' } },
        ],
      },
    ],
  },
  {
    name: 'B',
    kind: source,
    connection: 'DW',
    properties: { AccessMode: '0', OpenRowset: 'dbo.b' },
    outputs: [{ name: 'out', columns: columns('k', 'w') }],
  },
  {
    name: 'Joined',
    kind: 'Microsoft.MergeJoin',
    properties: { JoinType: '2' },
    inputs: [
      { name: 'left', with: 'Sorted/out', columns: taken('Sorted/out', 'k', 'v') },
      { name: 'right', with: 'B/out', columns: taken('B/out', 'k', 'w') },
    ],
    outputs: [
      {
        name: 'out',
        columns: [
          { name: 'k', properties: { InputColumnID: '{=Joined/left/k}' } },
          { name: 'v', properties: { InputColumnID: '{=Joined/left/v}' } },
          { name: 'w', properties: { InputColumnID: '{=Joined/right/w}' } },
        ],
      },
    ],
  },
  {
    name: 'Converted',
    kind: 'Microsoft.DataConvert',
    inputs: [{ name: 'in', with: 'Joined/out', columns: taken('Joined/out', 'v') }],
    outputs: [
      {
        name: 'out',
        with: 'in',
        columns: [{ name: 'v', properties: { SourceInputColumnLineageID: '{Joined/out/v}' } }],
      },
    ],
  },
  {
    name: 'Upper',
    kind: 'Microsoft.DerivedColumn',
    inputs: [
      {
        name: 'in',
        with: 'Converted/out',
        columns: [
          {
            name: 'w',
            from: 'Joined/out/w',
            written: true,
            properties: { Expression: 'UPPER({Joined/out/w}) + (DT_WSTR,9){Converted/out/v}' },
          },
          { name: 'v', from: 'Converted/out/v' },
        ],
      },
    ],
    outputs: [{ name: 'out', with: 'in', columns: [] }],
  },
  {
    name: 'Summed',
    kind: 'Microsoft.Aggregate',
    inputs: [
      {
        name: 'in',
        with: 'Upper/out',
        columns: [...taken('Joined/out', 'k', 'w'), { name: 'v2', from: 'Converted/out/v' }],
      },
    ],
    outputs: [
      {
        name: 'out',
        columns: [
          { name: 'k', properties: { AggregationColumnId: '{Joined/out/k}', AggregationType: '0' } },
          { name: 'total', properties: { AggregationColumnId: '{Converted/out/v}', AggregationType: '4' } },
          { name: 'n', properties: { AggregationColumnId: '0', AggregationType: '2' } },
          { name: 'w', properties: { AggregationColumnId: '{Joined/out/w}', AggregationType: '0' } },
        ],
      },
    ],
  },
  {
    name: 'Out',
    kind: destination,
    connection: 'DW',
    properties: { OpenRowset: '[dbo].[out]', AccessMode: '3' },
    inputs: [
      {
        name: 'in',
        with: 'Summed/out',
        columns: ['k', 'total', 'n', 'w'].map((name) => ({
          name,
          from: `Summed/out/${name}`,
          external: name.toUpperCase(),
        })),
      },
    ],
  },
];
