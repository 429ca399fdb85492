import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import type { FoundObject, Producer } from '../../../pipeline/producer.ts';
import { installStatements } from '../../../producers/postgres/capture.ts';
import type { DatabaseObject } from '../../../schemas/types.ts';
import { producerContract, scanAll } from '../../contracts/producer.ts';
import { openProducer, startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { testMemory } from '../../support/producer-memory.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

const open = (
  database: string | readonly string[],
  options: Record<string, unknown> = {},
): Promise<Producer> => openProducer(server, database, options);

const databaseOf = async (sql: string): Promise<string> => {
  const database = await server.createDatabase();
  await server.run(database, sql);
  return database;
};

type Facts = Omit<DatabaseObject, 'producer' | 'objectId' | 'position'>;

const objectsOf = async (
  database: string,
  options: Record<string, unknown> = {},
): Promise<readonly FoundObject[]> => {
  const producer = await open(database, options);
  try {
    return (await scanAll(producer)).objects;
  } finally {
    await producer.close();
  }
};

const objectOf = async (database: string, id: string): Promise<Facts> => {
  const found = (await objectsOf(database)).find(({ objectId }) => objectId === `${database}/${id}`);
  if (found?.type !== 'database-object') throw new Error(`no object ${id}`);
  return found.value;
};

let contractDatabase = '';
beforeAll(async () => {
  contractDatabase = await databaseOf(
    'DROP SCHEMA public; CREATE SCHEMA s; CREATE TABLE s.t (id int); CREATE VIEW s.v AS SELECT * FROM s.t;',
  );
});
producerContract('postgres', {
  open: () => open(contractDatabase),
  get objects() {
    const ids = ['/', contractDatabase, ...['', '/t', '/v'].map((end) => `${contractDatabase}/s${end}`)];
    return ids.map((id) => `database-object ${id}`);
  },
  openBroken: () => open(contractDatabase, { user: 'nobody_here', password: 'canary-7f3a' }),
  secrets: ['canary-7f3a'],
});

let tellingDatabase = '';
beforeAll(async () => {
  tellingDatabase = await databaseOf(
    'DROP SCHEMA public; CREATE SCHEMA s; CREATE TABLE s.t (id int); CREATE VIEW s.v AS SELECT * FROM s.t;',
  );
  await server.run(tellingDatabase, installStatements(server.user).join(';\n'));
});
let added = 0;
producerContract('postgres with event triggers', {
  open: () => open(tellingDatabase),
  get objects() {
    const ids = ['/', tellingDatabase, ...['', '/t', '/v'].map((end) => `${tellingDatabase}/s${end}`)];
    return ids.map((id) => `database-object ${id}`);
  },
  openBroken: () => open(tellingDatabase, { user: 'nobody_here', password: 'canary-7f3a' }),
  change: () => server.run(tellingDatabase, `ALTER TABLE s.t ADD added${(added += 1)} int`),
  secrets: ['canary-7f3a'],
});

describe('postgres scan()', () => {
  it('yields tables with types, keys, defaults, comments and foreign keys', async () => {
    const database = await databaseOf(
      `
      CREATE SCHEMA s; COMMENT ON SCHEMA s IS 'a schema';
      CREATE DOMAIN s.percent AS numeric(5,2);
      CREATE TABLE s.parent (a int, b varchar(20) UNIQUE, PRIMARY KEY (a));
      CREATE TABLE s.child (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        a int REFERENCES s.parent DEFAULT 7, price numeric(10,2) NOT NULL, rate s.percent, tags text[],
        total numeric GENERATED ALWAYS AS (price * 2) STORED, gone int, scaled numeric(5,-2));
      ALTER TABLE s.child DROP COLUMN gone;
      COMMENT ON TABLE s.child IS 'a child'; COMMENT ON COLUMN s.child.price IS 'what it costs';`.replace(
        server.version < 15 ? 'numeric(5,-2)' : '\0',
        'numeric(5,2)',
      ),
    );
    const child = await objectOf(database, 's/child');
    expect(child.description).toBe('a child');
    expect(child.owner).toBe(server.user);
    expect(child.columns?.map((column) => [column.name, column.dataType, column.nullable])).toEqual([
      ['id', 'bigint', false],
      ['a', 'integer', true],
      ['price', 'numeric(10,2)', false],
      ['rate', 's.percent', true],
      ['tags', 'text[]', true],
      ['total', 'numeric', true],
      ['scaled', server.version < 15 ? 'numeric(5,2)' : 'numeric(5,-2)', true],
    ]);
    const [id, a, price, , , total, scaled] = child.columns ?? [];
    expect(id).toMatchObject({
      primaryKey: true,
      unique: true,
      additional: [{ key: 'identity', json: '"always"' }],
    });
    expect(a).toMatchObject({
      defaultExpression: '7',
      primaryKey: false,
      references: {
        path: [
          { level: 'server', name: 'shop-db' },
          { level: 'database', name: database },
          { level: 'schema', name: 's' },
          { level: 'table', name: 'parent' },
        ],
        column: 'a',
      },
    });
    expect(price).toMatchObject({ description: 'what it costs', length: 10, scale: 2, ordinal: 3 });
    expect(total).toMatchObject({ additional: [{ key: 'generated', json: '"stored"' }] });
    expect(total?.defaultExpression).toContain('price');
    expect(scaled).toMatchObject({ length: 5, scale: server.version < 15 ? 2 : -2 });
    const parent = await objectOf(database, 's/parent');
    expect(parent.columns?.[1]).toMatchObject({ unique: true, length: 20, scale: null });
  });

  it('yields partitioned tables with their leaves as parts, foreign tables, and no temporary or system table', async () => {
    const database = await databaseOf(`
      CREATE TABLE p (d int, v text) PARTITION BY RANGE (d);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
      CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (d);
      CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM (10) TO (15);
      CREATE VIEW over_part AS SELECT v FROM p1;
      CREATE FOREIGN DATA WRAPPER w; CREATE SERVER o FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (x int) SERVER o;
      CREATE TEMP TABLE temporary_one (x int);`);
    const objects = await objectsOf(database);
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      database,
      `${database}/public`,
      `${database}/public/f`,
      `${database}/public/p`,
      `${database}/public/over_part`,
    ]);
    expect(await objectOf(database, 'public/p')).toMatchObject({
      parts: ['public.p1', 'public.p2a'],
      additional: [{ key: 'kind', json: '"partitioned table"' }],
    });
    expect(await objectOf(database, 'public/f')).toMatchObject({
      additional: [{ key: 'kind', json: '"foreign table"' }],
    });
    const view = await objectOf(database, 'public/over_part');
    expect(view.dependencies.map(({ source }) => source.at(-1))).toEqual([{ level: 'table', name: 'p' }]);
  });

  it('yields routines with their text, overloads told apart, without aggregates and without those of extensions', async () => {
    const database = await databaseOf(`
      CREATE SCHEMA s; CREATE EXTENSION pg_stat_statements SCHEMA s;
      CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
      CREATE FUNCTION s.f(a text, OUT b text) LANGUAGE sql AS $$ SELECT a $$;
      CREATE PROCEDURE s.p() LANGUAGE sql AS $$ SELECT 1 $$;
      CREATE FUNCTION s.remote() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 'host=x dbname=y password=canary-1 user=z'; RETURN 1; END $$;
      CREATE AGGREGATE s.total(int) (SFUNC = int4pl, STYPE = int);
      COMMENT ON FUNCTION s.f(int) IS 'echo';`);
    const objects = await objectsOf(database);
    expect(objects.filter(({ objectId }) => objectId.includes('pg_stat_statements'))).toEqual([]);
    const routines = objects.filter((found) => found.type === 'routine');
    expect(routines.map(({ objectId }) => decodeURIComponent(objectId.slice(database.length)))).toEqual([
      '/s/f(integer)',
      '/s/f(text)',
      '/s/p()',
      '/s/remote()',
    ]);
    expect(routines.map(({ value }) => [value.kind, value.language, value.description])).toEqual([
      ['FUNCTION', 'plpgsql', 'echo'],
      ['FUNCTION', 'sql', null],
      ['PROCEDURE', 'sql', null],
      ['FUNCTION', 'plpgsql', null],
    ]);
    expect(routines[0]?.value.text).toContain('RETURN a');
    expect(routines[3]?.value.text).toContain('password=*** user=z');
  });

  it('reads only the schemas that are asked for', async () => {
    const database = await databaseOf(
      'CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (); CREATE TABLE b.t ();',
    );
    const ids = async (schemas: unknown): Promise<readonly string[]> =>
      (await objectsOf(database, { schemas }))
        .map(({ objectId }) => objectId.slice(database.length))
        .slice(2);
    expect(await ids({ include: ['a'] })).toEqual(['/a', '/a/t']);
    expect(await ids({ exclude: ['a', 'public'] })).toEqual(['/b', '/b/t']);
    expect(await ids({ include: [] })).toEqual([]);
  });

  it('reads several databases, and names the server once', async () => {
    const [one, two] = [
      await databaseOf('CREATE TABLE t (x int)'),
      await databaseOf('CREATE TABLE u (x int)'),
    ];
    const producer = await open([one, two]);
    const { objects } = await scanAll(producer);
    await producer.close();
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      one,
      `${one}/public`,
      `${one}/public/t`,
      two,
      `${two}/public`,
      `${two}/public/u`,
    ]);
  });

  it('keeps names as they are, whatever they hold', async () => {
    const names = [
      'a b',
      'a/b',
      'a#b',
      'a@b',
      'a.b',
      'a%2Fb',
      'a:b',
      '日本 語',
      'a"b',
      "a'b",
      'a\\b',
      '{x}',
      '(y)',
      ':relid',
      '<>',
      '__proto__',
    ];
    const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    const database = await databaseOf(
      names
        .map(
          (name) => `CREATE TABLE ${quoted(name)} (${names.map((c) => `${quoted(c)} int`).join(', ')});
        CREATE VIEW ${quoted(`v ${name}`)} AS SELECT ${quoted(name)} AS ${quoted(`c ${name}`)} FROM ${quoted(name)} AS ${quoted(name)};`,
        )
        .join('\n'),
    );
    const objects = (await objectsOf(database)).slice(3);
    expect(new Set(objects.map(({ objectId }) => objectId)).size).toBe(names.length * 2);
    const last = objects.map(({ value }) => ('path' in value ? value.path.at(-1)?.name : undefined));
    expect(new Set(last)).toEqual(new Set([...names, ...names.map((name) => `v ${name}`)]));
    for (const { type, value } of objects) {
      if (type !== 'database-object' || value.dependencies.length === 0) continue;
      const name = value.path.at(-1)?.name.slice(2) ?? '';
      expect(value.warnings).toEqual([]);
      expect(value.dependencies).toMatchObject([
        { sourceColumn: name, targetColumn: `c ${name}`, transformed: false },
      ]);
      expect(value.dependencies[0]?.source.at(-1)).toEqual({ level: 'table', name });
    }
  });

  it('does not show what was rolled back, nor what is not committed yet', async () => {
    const database = await databaseOf('CREATE TABLE kept (x int)');
    await server.run(
      database,
      'BEGIN; CREATE TABLE rolled_back (x int); ALTER TABLE kept ADD y int; ROLLBACK;',
    );
    const other = await server.client(database);
    await other.query('BEGIN; CREATE TABLE pending (x int);');
    const ids = (await objectsOf(database)).map(({ objectId }) => objectId).slice(3);
    await other.query('ROLLBACK');
    await other.end();
    expect(ids).toEqual([`${database}/public/kept`]);
    expect((await objectOf(database, 'public/kept')).columns).toHaveLength(1);
  });

  it('knows the life of the cluster, and that of the database where a role may not read the control file', async () => {
    const database = await databaseOf('CREATE TABLE t (x int)');
    const incarnation = async (): Promise<string> => {
      const producer = await open(database);
      const found = await producer.incarnation();
      await producer.close();
      return found;
    };
    expect(await incarnation()).toMatch(/^\d{10,}\/\d+$/);
    await server.run(
      database,
      `REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
       CREATE ROLE ${database} LOGIN PASSWORD 'poor';`,
    );
    const producer = await open(database, { user: database, password: 'poor' });
    expect(await producer.incarnation()).toMatch(/^database-\d+$/);
    await producer.close();
    await server.run(database, `DROP ROLE ${database}`);
  });

  it('gives later scans a higher sequence once something was committed', async () => {
    const database = await databaseOf('CREATE TABLE t (x int)');
    const [first] = await objectsOf(database);
    await server.run(database, 'ALTER TABLE t ADD y int');
    const [second] = await objectsOf(database);
    expect(second?.sequence).toBeGreaterThan(first?.sequence ?? Number.NaN);
  });
});

describe('postgres errors', () => {
  const failure = async (opening: Promise<Producer>): Promise<StreamError> => {
    try {
      await (await opening).close();
    } catch (thrown) {
      if (thrown instanceof StreamError) return thrown;
      throw thrown;
    }
    throw new Error('it opened');
  };

  it('say SOURCE_UNAVAILABLE and what to check when nobody listens', async () => {
    const error = await failure(open('x', { host: '127.0.0.1', port: 1 }));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect(error.message).toMatch(/127\.0\.0\.1:1, database x.*PGHOST/);
  });

  it('say SOURCE_UNAVAILABLE when the host has no address', async () => {
    const error = await failure(open('x', { host: 'no-such-host.invalid' }));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
    expect(error.message).toContain('no-such-host.invalid');
  });

  it('say SOURCE_REFUSED without the password when it is wrong', async ({ skip }) => {
    if (await server.trusts()) skip('This server asks for no password: its pg_hba.conf says trust.');
    await server.run('postgres', "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'right'");
    const error = await failure(open('postgres', { user: 'reader', password: 'canary-wrong' }));
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED', retryable: false });
    expect(error.message).toContain('user reader');
    expect(`${error.message} ${error.stack} ${JSON.stringify(error.cause)}`).not.toContain('canary-wrong');
  });

  it('say SOURCE_NOT_FOUND for an unknown database', async () => {
    const error = await failure(open('no_such_database'));
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', retryable: false });
    expect(error.message).toMatch(/"?no_such_database"?.*PGDATABASE/);
  });

  it('say SOURCE_REFUSED for a role that may not connect, and read everything with a role that has no other right', async () => {
    const database = await databaseOf(
      `DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN PASSWORD 'poor';
       CREATE SCHEMA s; CREATE TABLE s.t (x int); CREATE VIEW s.v AS SELECT x FROM s.t;`,
    );
    const login = { user: 'poor', password: 'poor' };
    const rich = await objectsOf(database);
    expect(await objectsOf(database, login)).toEqual(rich);
    await server.run(database, `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
    expect(await failure(open(database, login))).toMatchObject({ code: 'SOURCE_REFUSED' });
    await server.run(database, 'DROP ROLE poor');
  });

  it('say SOURCE_REFUSED when the server has no TLS', async () => {
    const error = await failure(open('postgres', { ssl: true }));
    expect(error.code).toBe('SOURCE_REFUSED');
    expect(error.message).toContain('option ssl');
  });

  it('come from scan() when the server ends the connection, and can be tried again', async () => {
    const database = await databaseOf('CREATE TABLE t (x int)');
    const producer = await open(database);
    const scan = producer.scan({
      signal: new AbortController().signal,
      memory: testMemory(),
      reject: () => undefined,
    });
    const reading = (async () => {
      for await (const _found of scan) {
        await server.run(
          'postgres',
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
        );
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
    expect((await scanAll(producer)).objects).toHaveLength(4);
    await producer.close();
  });
});
