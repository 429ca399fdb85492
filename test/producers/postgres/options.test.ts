import { describe, expect, it } from 'vitest';
import { postgres } from '../../../producers/postgres/component.ts';
import { postgresOptions, postgresSource } from '../../../producers/postgres/options.ts';
import { redactConnections } from '../../../producers/postgres/redact.ts';

const source = (options: object, environment: Record<string, string> = {}) =>
  postgresSource(postgresOptions.parse(options), environment);

describe('postgresSource()', () => {
  it("fills in libpq's environment variables, then its defaults", () => {
    const environment = { PGHOST: 'h', PGPORT: '5433', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd' };
    expect(source({}, environment)).toMatchObject({
      host: 'h',
      port: 5433,
      user: 'u',
      password: 'p',
      databases: ['d'],
      server: 'h:5433',
    });
    expect(source({ user: 'me' })).toMatchObject({
      host: 'localhost',
      port: 5432,
      password: undefined,
      databases: ['me'],
      server: 'localhost',
    });
    expect(source({ host: 'mine', port: 1, database: ['a', 'b', 'a'] }, environment)).toMatchObject({
      host: 'mine',
      port: 1,
      databases: ['a', 'b'],
      server: 'mine:1',
    });
    expect(source({ server: 'logical' }, environment).server).toBe('logical');
    expect(source({}, { PGHOST: '', PGUSER: 'u' })).toMatchObject({ host: 'localhost' });
  });

  it('refuses a port that is none', () => {
    expect(() => source({}, { PGPORT: 'x' })).toThrow(/PGPORT is "x"/);
    expect(() => source({ port: 70_000 })).toThrow(/65535/);
  });
});

describe('postgres options', () => {
  it('each have a description', () => {
    for (const [name, field] of Object.entries(postgres.options.shape)) {
      expect([name, (field.description ?? '').length > 20]).toEqual([name, true]);
    }
  });

  it('are refused where one is not known', () => {
    expect(() => postgres.configure('p', { hots: 'x' }, { baseFolder: '/' })).toThrow(/hots/);
  });

  it('choose the set of types', () => {
    const tableOf = (types: string) =>
      postgres.configure('p', { types }, { baseFolder: '/' }).settings.types.database?.levels.table?.typeName;
    expect(['own', 'azure', 'rdbms'].map(tableOf)).toEqual([
      'postgresql_table',
      'azure_postgresql_table',
      'rdbms_table',
    ]);
  });
});

describe('redactConnections()', () => {
  it('takes passwords out of connection strings and leaves other text', () => {
    expect(redactConnections("dblink('host=a password=canary dbname=b', 'SELECT 1')")).toBe(
      "dblink('host=a password=*** dbname=b', 'SELECT 1')",
    );
    expect(redactConnections("'postgresql://u:canary@host/db'")).toBe("'postgresql://u:***@host/db'");
    const harmless = "SELECT 'password=x', password = 'secret_column' FROM t WHERE url LIKE 'http://a:80/%'";
    expect(redactConnections(harmless)).toBe(harmless);
  });
});
