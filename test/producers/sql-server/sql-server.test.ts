import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { sqlServer } from '../../../producers/sql-server/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { sourceRun } from '../../support/source-run.ts';
import { column, optionsOfShop, ShopDatabase, shop, shopObjects } from '../../support/sql-server-shop.ts';
import { startTdsServer, type TdsServer } from '../../support/tds-server.ts';

let server: TdsServer;
const database = new ShopDatabase();
beforeAll(async () => {
  server = await startTdsServer((sql) => database.answer(sql), { password: 'right' });
});
afterAll(() => server.stop());

const options = (more: Record<string, unknown> = {}) => ({
  ...optionsOfShop(server.port),
  interval: 0.05,
  ...more,
});
const open = (more: Record<string, unknown> = {}): Promise<Producer> =>
  sqlServer.configure('s', options(more), { baseFolder: '/' }).open();

async function scanned(answers: Partial<ShopDatabase['results']>, more: Record<string, unknown> = {}) {
  const producer = await open(more);
  Object.assign(database.results, answers);
  try {
    return await scanAll(producer);
  } finally {
    Object.assign(database.results, shop);
    await producer.close();
  }
}

producerContract('sql-server', {
  open: () => open(),
  objects: shopObjects,
  openBroken: () => open({ password: 'canary-8d2' }),
  change: async () => {
    database.fingerprint += 1;
  },
  secrets: ['canary-8d2'],
});

describe('sql-server', () => {
  it('gives the catalogue tables, keys, and the lineage of views and procedures', {
    timeout: 60_000,
  }, async () => {
    const place = await sourceRun({ shop: { kind: 'sql-server', ...options() } });
    const held = await place.run();
    const at = 'mssql://srv/shop';
    expect(held.names.filter((name) => !name.includes('#'))).toEqual([
      `mssql_database ${at}`,
      `mssql_routine ${at}/dw/routines/LoadTotals`,
      `mssql_routine ${at}/dw/routines/Sealed`,
      `mssql_schema ${at}/dbo`,
      `mssql_schema ${at}/dw`,
      'mssql_server mssql://srv',
      `mssql_table ${at}/dbo/Customers`,
      `mssql_table ${at}/dbo/Orders`,
      `mssql_table ${at}/dw/Totals`,
      `mssql_view ${at}/dbo/BigOrders`,
      `mssql_view_query ${at}/dbo/BigOrders@definition`,
    ]);
    const attributes = (name: string) => held.entity(`mssql_column ${at}/dbo/${name}`).attributes;
    expect(attributes('Customers#Id')).toMatchObject({ primaryKey: true, nullable: false });
    expect(attributes('Customers#E%2Fmail%23')).toMatchObject({ description: 'for bills', length: 80 });
    expect(attributes('Orders#Customer')).toMatchObject({ references: `${at}/dbo/Customers#Id` });
    expect(attributes('Orders#Amount')).toMatchObject({
      data_type: 'decimal(12,2)',
      length: 12,
      scale: 2,
      defaultExpression: '((0))',
    });
    expect(held.edges.filter((edge) => edge.includes('#'))).toEqual([
      `${at}/dbo/BigOrders@definition: ${at}/dbo/Orders#Amount -> ${at}/dbo/BigOrders#Total`,
      `${at}/dbo/BigOrders@definition: ${at}/dbo/Orders#Id -> ${at}/dbo/BigOrders#Id`,
      `${at}/dw/routines/LoadTotals: ${at}/dbo/Orders#Amount -> ${at}/dw/Totals#Total`,
      `${at}/dw/routines/LoadTotals: ${at}/dbo/Orders#Customer -> ${at}/dw/Totals#Customer`,
    ]);
    await place.remove();
  });

  it('gives what Purview has built-in types for those, where they are asked for', async () => {
    const place = await sourceRun({ shop: { kind: 'sql-server', ...options({ types: 'azure' }) } });
    const held = await place.run();
    const at = 'mssql://srv/shop';
    expect(held.names).toEqual(
      expect.arrayContaining([
        'azure_sql_server mssql://srv',
        `azure_sql_db ${at}`,
        `azure_sql_schema ${at}/dbo`,
        `azure_sql_table ${at}/dbo/Orders`,
        `azure_sql_column ${at}/dbo/Orders#Amount`,
        `azure_sql_view ${at}/dbo/BigOrders`,
        `azure_sql_view_column ${at}/dbo/BigOrders#Total`,
        `mssql_routine ${at}/dw/routines/LoadTotals`,
      ]),
    );
    const schema = { typeName: 'azure_sql_schema', qualifiedName: `${at}/dbo` };
    expect(held.entity(`azure_sql_table ${at}/dbo/Orders`).relationshipAttributes['dbSchema']).toMatchObject([
      schema,
    ]);
    expect(held.edges).toContain(
      `${at}/dw/routines/LoadTotals: ${at}/dbo/Orders#Amount -> ${at}/dw/Totals#Total`,
    );
    await place.remove();
  });

  it('reads only what the boundaries choose, and warns of a routine whose text is not shown', async () => {
    const { objects } = await scanned({}, { schemas: { include: ['dw'] }, tables: { exclude: ['Tot*'] } });
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      'shop',
      'shop/dw',
      'shop/dw/routines/LoadTotals',
      'shop/dw/routines/Sealed',
    ]);
    expect(objects.at(-1)?.value.warnings).toMatchObject([{ code: 'routine-without-text' }]);
  });

  it('rejects a row that is wrong, alone, with query, row, field and value', async () => {
    const { objects, rejections } = await scanned({
      columns: [column('dbo.Orders.Id', 1, 'int', { length: 'long' }), column('dbo.Orders.Ok', 2, 'int')],
    });
    expect(rejections.map(({ error }) => error.message)).toEqual([
      'catalogue views, columns, row 1, field length is "long" where a whole number is expected.',
    ]);
    expect(objects.find(({ objectId }) => objectId === 'shop/dbo/Orders')?.value).toMatchObject({
      columns: [{ name: 'Ok' }],
    });
  });

  it('says what is missing when the login, a right or the server is', async () => {
    const denied = { number: 229, message: 'The SELECT permission was denied on the object tables.' };
    const failures = [
      await failureOf(open({ password: 'wrong' })),
      await failureOf(scanned({ tables: denied })),
      await failureOf(scanned({ tables: { number: 208, message: "Invalid object name 'x'." } })),
      await failureOf(open({ port: 1 })),
    ];
    expect(failures).toMatchObject([
      { code: 'SOURCE_REFUSED', message: expect.stringContaining('Check user and password') },
      { code: 'SOURCE_REFUSED', message: expect.stringContaining('GRANT VIEW DEFINITION') },
      { code: 'SOURCE_INVALID', message: expect.stringContaining('Invalid object name') },
      { code: 'SOURCE_UNAVAILABLE', message: expect.stringContaining('Is the server running') },
    ]);
  });
});
