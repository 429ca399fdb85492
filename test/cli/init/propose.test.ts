import { describe, expect, it } from 'vitest';
import { propose } from '../../../cli/init/propose.ts';

describe('propose()', () => {
  it('takes lists within lists as levels, and their fields as attributes with the narrowest type', () => {
    const sample = {
      ok: true,
      data: {
        tables: [
          {
            id: 1,
            name: 'orders',
            rows: 10,
            ratio: 0.5,
            columns: [{ name: 'id', nullable: false, tags: ['a'] }],
          },
          { id: 2, name: 'lines', rows: null, columns: [{ name: 'no', nullable: true, tags: [], more: {} }] },
        ],
      },
    };
    expect(propose(sample)).toEqual({
      levels: 'table, column',
      attributes:
        'table.id:long, table.rows:long, table.ratio:double, column.nullable:boolean, column.tags:array<string>',
      places: { table: { each: 'data.tables', key: 'name' }, column: { each: 'columns', key: 'name' } },
      fields: {
        'table.id': 'id',
        'table.rows': 'rows',
        'table.ratio': 'ratio',
        'column.nullable': 'nullable',
        'column.tags': 'tags',
      },
      objects: 2,
    });
  });

  it('takes fields that name the whole way as levels', () => {
    const row = { TABLE_CATALOG: 'shop', TABLE_SCHEMA: 'public', TABLE_NAME: 'orders', 'Column Name': 'id' };
    const found = propose([{ ...row, COLUMN_NAME: 'id', 'Data Type': 'int' }]);
    expect(found?.levels).toBe('database, schema, table, column');
    expect(found?.places).toEqual({
      database: { each: '', key: 'TABLE_CATALOG' },
      schema: { key: 'TABLE_SCHEMA' },
      table: { key: 'TABLE_NAME' },
      column: { key: 'COLUMN_NAME' },
    });
    expect(found?.attributes).toBe('column.Column_Name:string, column.Data_Type:string');
    expect(found?.fields).toMatchObject({ 'column.Data_Type': 'Data Type' });
  });

  it('calls a list that says nothing of its objects object', () => {
    expect(propose({ items: [{ title: 'a' }, { title: 'b' }] })).toMatchObject({
      levels: 'object',
      places: { object: { each: 'items', key: 'title' } },
    });
  });

  it.each([
    [null],
    [[]],
    ['text'],
    [{ a: 1 }],
    [[1, 2]],
    [{ a: { b: { c: { d: { e: [{ name: 'deep' }] } } } } }],
  ])('has nothing to say when the sample is %j', (sample) => {
    expect(propose(sample)).toBeUndefined();
  });
});
