import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { runHere } from '../../support/run-here.ts';
import { decodeSql, sqlLineageCommand } from '../../../cli/commands/sql-lineage.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sql-lineage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs the command and gives what it printed. */
async function run(...args: string[]): Promise<string> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk: Uint8Array | string) => {
    written.push(String(chunk));
    return true;
  });
  try {
    await sqlLineageCommand().parseAsync(args, { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

const line = z.strictObject({
  file: z.string(),
  dialect: z.string(),
  statements: z.array(
    z.strictObject({
      line: z.number(),
      kind: z.string(),
      reads: z.array(z.string()),
      writes: z.array(z.string()),
      columnEdges: z.array(z.tuple([z.string().nullable(), z.string(), z.string().nullable(), z.string()])),
      reasons: z.array(z.strictObject({ code: z.string(), line: z.number(), text: z.string() })),
    }),
  ),
  reads: z.array(z.string()),
  writes: z.array(z.string()),
  tableEdges: z.array(z.tuple([z.string(), z.string()])),
  columnEdges: z.array(z.tuple([z.string().nullable(), z.string(), z.string().nullable(), z.string()])),
  reasons: z.array(z.strictObject({ code: z.string(), line: z.number(), text: z.string() })),
  confidence: z.number(),
});

describe('`sqlLineageCommand()`', () => {
  it('prints one JSON object a file with --json', async () => {
    const first = file('a.sql', 'SELECT a INTO #t FROM s\nINSERT u (b) SELECT a FROM #t');
    const second = file('b.sql', 'SELECT x.a FROM x');
    const printed = (await run('--dialect', 'mssql', '--json', first, second)).trimEnd().split('\n');
    const [one, two] = printed.map((text) => line.parse(JSON.parse(text)));
    expect(one).toMatchObject({
      file: first,
      dialect: 'tsql',
      statements: [
        { line: 1, kind: 'select', reads: ['s'], writes: ['#t'], columnEdges: [['s', 'a', '#t', 'a']] },
        { line: 2, kind: 'insert', reads: ['#t'], writes: ['u'], columnEdges: [['#t', 'a', 'u', 'b']] },
      ],
      reads: ['s'],
      writes: ['u'],
      tableEdges: [['s', 'u']],
      columnEdges: [['s', 'a', 'u', 'b']],
      confidence: 1,
    });
    expect(two?.columnEdges).toEqual([['x', 'a', null, 'a']]);
  });

  it('shows intermediates with --keep-intermediate', async () => {
    const path = file('c.sql', 'SELECT a INTO #t FROM s; INSERT u (b) SELECT a FROM #t');
    const printed = await run('--dialect', 'tsql', '--keep-intermediate', '--json', path);
    expect(line.parse(JSON.parse(printed)).tableEdges).toEqual([
      ['s', '#t'],
      ['#t', 'u'],
    ]);
  });

  it('goes through routines of the script with --through-routines', async () => {
    const path = file(
      'through.sql',
      'INSERT u (b) EXEC dbo.p\nGO\nCREATE PROCEDURE dbo.p AS SELECT s.a FROM dbo.s s',
    );
    const edges = async (...more: string[]) =>
      line.parse(JSON.parse(await run('--dialect', 'tsql', '--json', ...more, path))).columnEdges;
    expect(await edges('--through-routines')).toContainEqual(['dbo.s', 'a', 'u', 'b']);
    expect(await edges()).toContainEqual(['proc:dbo.p', 'a', 'u', 'b']);
  });

  it('expands stars with --schema and completes names with the defaults', async () => {
    const path = file('d.sql', 'INSERT INTO t SELECT * FROM s');
    const schema = file('schema.json', '{"db.dbo.s": ["a"], "db.dbo.t": ["b"]}');
    const printed = await run(
      '--dialect',
      'tsql',
      '--schema',
      schema,
      '--default-database',
      'db',
      '--default-schema',
      'dbo',
      '--json',
      path,
    );
    expect(line.parse(JSON.parse(printed)).columnEdges).toEqual([['db.dbo.s', 'a', 'db.dbo.t', 'b']]);
  });

  it('prints a summary with reasons for people', async () => {
    const printed = await run(
      '--dialect',
      'tsql',
      file('e.sql', 'INSERT u (b) SELECT a FROM s\nEXEC (@sql)'),
    );
    expect(printed).toContain('  s -> u\n');
    expect(printed).toContain('  s.a -> u.b (identity)\n');
    expect(printed).toContain('dynamic-sql: Dynamic SQL built at run time, line 2.');
  });

  it.each([
    [['--dialect', 'klingon', 'x.sql'], /"klingon" is unknown\. Use one of/],
    [['/nowhere/x.sql'], /SQL file \/nowhere\/x\.sql cannot be read/],
  ])('fails on %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });

  it('reads the other files when one is missing, says which, and fails at the end', async () => {
    const good = file('good.sql', 'INSERT u (b) SELECT a FROM s');
    const args = ['sql-lineage', '--dialect', 'tsql', '/nowhere/x.sql', good];
    const people = await runHere(args);
    expect(people).toMatchObject({ code: 1, stdout: expect.stringContaining('  s -> u\n') });
    expect(people.stderr).toContain('SQL file /nowhere/x.sql cannot be read');
    expect(people.stderr).toContain('1 of 2 SQL files cannot be read');
    const programs = await runHere([...args, '--json']);
    expect(programs.code).toBe(1);
    const [missing, read] = programs.stdout.trimEnd().split('\n');
    expect(JSON.parse(missing ?? '')).toMatchObject({
      file: '/nowhere/x.sql',
      error: { code: 'SOURCE_NOT_FOUND' },
    });
    expect(line.parse(JSON.parse(read ?? '')).tableEdges).toEqual([['s', 'u']]);
  });

  it('says of a file that is no text just that, and lets no control character through to the terminal', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 167 + (at >> 8)) % 256));
    const printed = await run(file('binary.sql', bytes));
    expect(printed.match(/^ {2}[a-z-]+: /gmu)).toEqual(['  not-text: ']);
    const steering = await run(file('steering.sql', 'INSERT INTO "a\u001B[2Jb" (x) SELECT s.x FROM s'));
    expect(steering).toContain('s -> a\\x1b[2Jb\n');
    expect(steering).not.toContain('\u001B');
  });

  it('names a schema file that is not of the form', async () => {
    const schema = file('bad.json', '{"t": "a"}');
    await expect(run('--schema', schema, file('f.sql', 'SELECT 1'))).rejects.toThrow(
      /bad\.json is not of the form/,
    );
    await expect(run('--schema', file('worse.json', '{'), file('g.sql', ''))).rejects.toThrow(
      /worse\.json is not JSON/,
    );
  });
});

describe('`decodeSql()`', () => {
  it.each([
    ['UTF-8', Buffer.from('SELECT é')],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFSELECT é')],
    ['UTF-16LE', Buffer.from('\uFEFFSELECT é', 'utf16le')],
    ['UTF-16BE', Buffer.from('\uFEFFSELECT é', 'utf16le').swap16()],
  ])('reads %s', (_, bytes) => {
    expect(decodeSql(bytes)).toBe('SELECT é');
  });
});
