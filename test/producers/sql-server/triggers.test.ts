import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { sqlServer } from '../../../producers/sql-server/component.ts';
import { nameSteps, touchedBy } from '../../../producers/sql-server/outbox.ts';
import { failureOf, producerContract } from '../../contracts/producer.ts';
import { type Follower, followProducer, saidByScan, toldNames } from '../../support/follow-producer.ts';
import {
  column,
  optionsOfShop,
  type shop,
  ShopDatabase,
  shopObjects,
} from '../../support/sql-server-shop.ts';
import { startTdsServer, type TdsServer } from '../../support/tds-server.ts';

const patience = { timeout: 30_000, interval: 20 };

let server: TdsServer;
let database = new ShopDatabase();
beforeAll(async () => {
  server = await startTdsServer((sql) => database.answer(sql), { password: 'right' });
});
afterAll(() => server.stop());

const followers: Follower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
  database = new ShopDatabase();
});

const setup = () =>
  sqlServer.configure(
    's',
    {
      ...optionsOfShop(server.port),
      interval: 0.02,
    },
    { baseFolder: '/' },
  );
const open = (): Promise<Producer> => setup().open();
const follow = async (from?: Follower): Promise<Follower> => {
  database.trigger ??= '77/2025-01-01';
  const follower = await followProducer(await open(), from === undefined ? {} : { from });
  followers.push(follower);
  return follower;
};
/** Waits until what the events come to is what a whole scan says. */
const caughtUp = (follower: Follower): Promise<void> =>
  vi.waitFor(async () => expect(await follower.said()).toEqual(await saidByScan(await open())), patience);

const rowsOf = (name: keyof typeof shop): Record<string, unknown>[] => {
  const rows = database.results[name];
  return 'number' in rows ? [] : rows.map((row) => ({ ...row }));
};
const replace = (name: keyof typeof shop, rows: readonly Record<string, unknown>[]): void => {
  Object.assign(database.results, { [name]: rows });
};
const addColumn = (table: string, name: string): void =>
  replace('columns', [...rowsOf('columns'), column(`${table}.${name}`, 9, 'int')]);

/** Another name for a table or column, wherever it stands. */
const rename = (from: string, to: string): void => {
  for (const of of ['tables', 'columns', 'keys'] as const)
    replace(
      of,
      rowsOf(of).map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === from ? to : value])),
      ),
    );
};

describe('sql-server by its DDL trigger', () => {
  producerContract('sql-server with its trigger', {
    open: () => {
      database.trigger = '77/2025-01-01';
      return open();
    },
    objects: shopObjects,
    openBroken: () =>
      sqlServer
        .configure(
          's',
          {
            host: '127.0.0.1',
            port: server.port,
            user: 'catalog',
            password: 'wrong',
            database: 'shop',
            encrypt: false,
          },
          { baseFolder: '/' },
        )
        .open(),
    change: async () => {
      const name = `New${rowsOf('columns').length}`;
      database.change({ object_name: 'Orders', object_type: 'TABLE' }, () => addColumn('dbo.Orders', name));
    },
  });

  it('reads only what was touched, and what points at it', async () => {
    const follower = await follow();
    database.change({ object_name: 'Customers', object_type: 'TABLE' }, () =>
      addColumn('dbo.Customers', 'Zip'),
    );
    await caughtUp(follower);
    expect(follower.changes.map(({ objects }) => objects)).toEqual([2]);
    expect(follower.scans).toHaveLength(1);
    expect(follower.ways).toEqual(['what the DDL trigger notes every 0.02 s in shop']);
  });

  it('removes what was dropped or renamed at once, also where the statement spells it in another case', async () => {
    const follower = await follow();
    database.change(
      { event: 'DROP_TABLE', schema_name: 'DW', object_name: 'TOTALS', object_type: 'TABLE' },
      () => {
        replace(
          'tables',
          rowsOf('tables').filter(({ name }) => name !== 'Totals'),
        );
        replace(
          'columns',
          rowsOf('columns').filter(({ table }) => table !== 'Totals'),
        );
      },
    );
    database.change(
      { event: 'DROP_PROCEDURE', schema_name: 'dw', object_name: 'Sealed', object_type: 'PROCEDURE' },
      () =>
        replace(
          'routines',
          rowsOf('routines').filter(({ name }) => name !== 'Sealed'),
        ),
    );
    await caughtUp(follower);
    database.change(
      { event: 'RENAME', object_name: 'Orders', object_type: 'TABLE', new_name: 'Purchases' },
      () => rename('Orders', 'Purchases'),
    );
    await caughtUp(follower);
    expect(Object.keys(await follower.said())).not.toContain('database-object shop/dbo/Orders');
    expect(Object.keys(await follower.said())).toContain('database-object shop/dbo/Purchases');
    expect(follower.scans).toHaveLength(1);
  });

  it('says of what sp_rename renames what it was called before', async () => {
    const follower = await follow();
    const table = { object_type: 'TABLE', event: 'RENAME' };
    // Nothing is awaited in between: they are noted together.
    database.change({ ...table, object_name: 'Orders', new_name: 'Interim' });
    database.change({ ...table, object_name: 'Interim', new_name: 'Purchases' }, () =>
      rename('Orders', 'Purchases'),
    );
    database.change(
      {
        event: 'RENAME',
        object_name: 'Amount',
        object_type: 'COLUMN',
        target_name: 'Purchases',
        target_type: 'TABLE',
        new_name: 'Sum',
      },
      () => rename('Amount', 'Sum'),
    );
    await caughtUp(follower);
    const names = await toldNames(follower.transport);
    expect(names.get('shop/dbo/Purchases')).toEqual([
      expect.objectContaining({ objectId: 'shop/dbo/Orders', columns: [{ from: 'Amount', to: 'Sum' }] }),
    ]);
    expect(names.get('shop/dbo/Orders')).toEqual(['srv', 'shop', 'dbo', 'Purchases']);
  });

  it('waits a little for what became of a table that has its new name no more, and then goes on', async () => {
    const follower = await follow();
    database.change(
      { event: 'RENAME', object_name: 'Orders', object_type: 'TABLE', new_name: 'Nowhere' },
      () => rename('Orders', 'Elsewhere'),
    );
    await vi.waitFor(async () => {
      const said = Object.keys(await follower.said());
      expect(said).not.toContain('database-object shop/dbo/Orders');
    }, patience);
    database.change({ object_name: 'Elsewhere', object_type: 'TABLE' });
    await caughtUp(follower);
    expect(follower.scans).toHaveLength(1);
  });

  it('loses none of overlapping transactions, and takes none that is rolled back', async () => {
    const follower = await follow();
    const early = database.begin({ object_name: 'Customers', object_type: 'TABLE' });
    const undone = database.begin({ object_name: 'Totals', object_type: 'TABLE', schema_name: 'dw' });
    const late = database.begin({ object_name: 'Orders', object_type: 'TABLE' });
    addColumn('dbo.Orders', 'Late');
    late.commit();
    undone.rollback();
    // Whatever is read now, the earlier one is still to come.
    database.change({ object_name: 'BigOrders', object_type: 'VIEW' }, () =>
      addColumn('dbo.BigOrders', 'More'),
    );
    addColumn('dbo.Customers', 'Early');
    early.commit();
    await caughtUp(follower);
    expect(follower.scans).toHaveLength(1);
  });

  it('goes on from its mark after a kill, and scans when the trigger was off in between', async () => {
    const first = await follow();
    database.change({ object_name: 'Orders', object_type: 'TABLE' }, () => addColumn('dbo.Orders', 'One'));
    await caughtUp(first);
    await first.stop();
    database.change({ object_name: 'Orders', object_type: 'TABLE' }, () => addColumn('dbo.Orders', 'Two'));
    const second = await follow(first);
    await caughtUp(second);
    database.trigger = undefined;
    addColumn('dbo.Customers', 'Unseen');
    database.fingerprint += 1;
    await caughtUp(second);
    const scans = second.scans.length;
    database.trigger = '77/2025-02-02';
    await vi.waitFor(() => expect(second.scans.length).toBeGreaterThan(scans), patience);
    await caughtUp(second);
  });

  it('scans where only that can tell what has changed', async () => {
    const follower = await follow();
    database.change(
      { event: 'CREATE_SCHEMA', schema_name: 'new', object_name: 'new', object_type: 'SCHEMA' },
      () => replace('schemas', [...rowsOf('schemas'), { name: 'new', description: null, owner: 'dbo' }]),
    );
    await caughtUp(follower);
    expect(follower.scans.length).toBeGreaterThan(1);
  });

  it.each([
    ['no DDL trigger is installed', { installed: false, trigger: null }],
    ['the DDL trigger is disabled or gone', { trigger: null }],
    ['the user may not read what the DDL trigger notes', { readable: false }],
    ['a copy that only reads', { primary_copy: false }],
    ['installed by another version', { complete: false }],
  ])('says why it looks at the fingerprint: %s', async (why, look) => {
    database.trigger = '77/2025-01-01';
    database.look = look;
    const producer = await open();
    expect(await producer.describeChanges?.()).toContain(why);
    await producer.close();
  });

  it('names an answer that is not what it should be', async () => {
    database.trigger = '77/2025-01-01';
    database.look = { upto: 'no version' };
    const producer = await open();
    expect(await failureOf((async () => producer.describeChanges?.())())).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('the state of the outbox'),
    });
    await producer.close();
  });
});

describe('nameSteps()', () => {
  const row = (noted: object) => ({
    event: 'RENAME',
    schema_name: 'dbo',
    object_name: 'a',
    object_type: null,
    target_name: null,
    target_type: null,
    new_name: null,
    ...noted,
  });

  it('tells renames of tables, views and their columns, and what is made or dropped under a name', () => {
    expect(
      nameSteps([
        row({ object_type: 'VIEW', new_name: 'b' }),
        row({ object_type: 'COLUMN', target_name: 'T', target_type: 'table', new_name: 'b' }),
        row({ event: 'DROP_TABLE', object_type: 'TABLE' }),
      ]),
    ).toEqual([
      { from: ['dbo', 'a'], to: ['dbo', 'b'], columns: [] },
      { from: ['dbo', 'T'], to: ['dbo', 'T'], columns: [{ from: 'a', to: 'b' }] },
      { gone: ['dbo', 'a'] },
    ]);
  });

  it('tells nothing of other renames and changes', () => {
    expect(
      nameSteps([
        row({ object_type: 'INDEX', target_name: 'T', target_type: 'TABLE', new_name: 'b' }),
        row({ object_type: 'PROCEDURE', new_name: 'b' }),
        row({ object_type: 'TABLE' }),
        row({ event: 'ALTER_TABLE', object_type: 'TABLE' }),
        row({ event: 'DROP_INDEX', object_type: 'INDEX', target_name: 'a', target_type: 'TABLE' }),
      ]),
    ).toEqual([]);
  });
});

describe('touchedBy()', () => {
  const blank = {
    event: 'X',
    schema_name: 'dbo',
    object_name: null,
    object_type: null,
    target_name: null,
    target_type: null,
    new_name: null,
  };
  // The elements are those of EVENTDATA() for these statements (SQL Server documentation, schema events.xsd).
  it.each([
    [
      'CREATE INDEX',
      { object_name: 'ix', object_type: 'INDEX', target_name: 'T', target_type: 'TABLE' },
      { tables: [['dbo', 'T']], routines: [] },
    ],
    [
      'sp_rename of a column',
      { object_name: 'a', object_type: 'COLUMN', target_name: 'T', target_type: 'TABLE', new_name: 'b' },
      { tables: [['dbo', 'T']], routines: [] },
    ],
    [
      'sp_rename of a table',
      { object_name: 'T', object_type: 'TABLE', target_name: '', target_type: '', new_name: 'U' },
      {
        tables: [
          ['dbo', 'T'],
          ['dbo', 'U'],
        ],
        routines: [],
      },
    ],
    [
      'a description of a column',
      { object_name: 'a', object_type: 'COLUMN', target_name: 'T', target_type: 'TABLE' },
      { tables: [['dbo', 'T']], routines: [] },
    ],
    [
      'a description of a parameter',
      { object_name: '@a', object_type: 'PARAMETER', target_name: 'p', target_type: 'PROCEDURE' },
      { tables: [], routines: [['dbo', 'p']] },
    ],
    [
      'CREATE TRIGGER',
      { object_name: 'tr', object_type: 'TRIGGER', target_name: 'T', target_type: 'TABLE' },
      { tables: [], routines: [['dbo', 'tr']] },
    ],
    [
      'a description of the database',
      { schema_name: '', object_name: 'shop', object_type: 'DATABASE' },
      'everything',
    ],
    ['DROP SCHEMA', { object_name: 's', object_type: 'SCHEMA' }, 'everything'],
    ['what is unknown', { object_name: 'x', object_type: 'GRAPH' }, 'everything'],
  ])('knows what is touched by %s', (_statement, row, touched) => {
    expect(touchedBy([{ ...blank, ...row }])).toEqual(touched);
  });

  it('leaves it to a scan when there is too much', () => {
    const rows = Array.from({ length: 600 }, (_, at) => ({
      ...blank,
      object_name: `t${at}`,
      object_type: 'TABLE',
    }));
    expect(touchedBy(rows)).toBe('everything');
  });
});

describe('produce --install of a SQL Server', () => {
  it('prints what it runs, and runs it in one transaction', async () => {
    const { installer } = setup();
    const script = installer?.script('install') ?? '';
    expect(script).toContain('CREATE OR ALTER TRIGGER purview_streams_ddl ON DATABASE\nFOR DDL_TABLE_EVENTS');
    expect(script).toContain('GRANT SELECT ON purview_streams.ddl_outbox TO [catalog]');
    expect(script).not.toContain('right');
    await installer?.run('install', AbortSignal.timeout(30_000));
    const run = database.batches.filter((batch) => !batch.startsWith('set '));
    expect(run.at(0)).toBe('SET XACT_ABORT ON; BEGIN TRANSACTION');
    expect(run.at(-1)).toBe('COMMIT TRANSACTION');
    for (const batch of run.slice(1, -1)) expect(script).toContain(batch);
    await installer?.run('uninstall', AbortSignal.timeout(30_000));
    expect(database.batches.join('\n')).toContain('DROP TRIGGER purview_streams_ddl ON DATABASE');
  });

  it('says which right is missing', async () => {
    const asked = database.answer.bind(database);
    database.answer = (sql) =>
      sql.includes('CREATE OR ALTER TRIGGER')
        ? { number: 1088, message: 'Cannot find the object or you do not have permissions.' }
        : asked(sql);
    const { installer } = setup();
    expect(
      await failureOf(installer?.run('install', AbortSignal.timeout(30_000)) ?? Promise.resolve()),
    ).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('catalog may not: CREATE OR ALTER TRIGGER'),
    });
    expect(database.batches).not.toContain('COMMIT TRANSACTION');
  });
});
