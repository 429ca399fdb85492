import { expect, it } from 'vitest';
import { table } from '../../cli/table.ts';

it('table() puts numbers to the right and texts to the left when rows differ in length', () => {
  expect(
    table(
      ['name', 'count', 'note'],
      [
        ['a', 10, 'x'],
        ['long name', 5, 'yy'],
      ],
    ),
  ).toBe(
    ['name       count  note', '---------  -----  ----', 'a             10  x', 'long name      5  yy'].join(
      '\n',
    ),
  );
});

it('table() prints only the head when there are no rows', () => {
  expect(table(['name', 'count'], [])).toBe('name  count\n----  -----');
});
