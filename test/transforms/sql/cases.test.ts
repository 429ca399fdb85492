import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzeSql } from '../../../transforms/sql/analyze.ts';

// Each file holds scripts with what must come out of them in comments above: names without regard to case, as the dialects fold them.
const folder = join(import.meta.dirname, 'cases');

interface Case {
  readonly file: string;
  readonly dialect: string;
  readonly facts: readonly string[];
  readonly sql: string;
}

function casesOf(file: string): Case[] {
  const blocks = readFileSync(join(folder, file), 'utf8').split('\n-- ----\n');
  return blocks.flatMap((block) => {
    const lines = block.trim().split('\n');
    const facts = lines.filter((line) => /^-- (?:reads|writes|column|reasons): /.test(line));
    const sql = lines
      .filter((line) => !/^-- (?:dialects|reads|writes|column|reasons): /.test(line))
      .join('\n');
    const dialects = /^-- dialects: (.*)$/m.exec(block)?.[1]?.split('/') ?? [];
    return dialects.map((dialect) => ({
      file,
      dialect,
      facts: facts.map((fact) => fact.toLowerCase()),
      sql,
    }));
  });
}

function factsOf({ sql, dialect }: Case): string[] {
  const given = analyzeSql(sql, { dialect });
  const list = (title: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`-- ${title}: ${names.join(', ')}`];
  return [
    ...list('reads', given.reads),
    ...list('writes', given.writes),
    ...given.columnEdges.map(
      (edge) =>
        `-- column: ${edge.sourceTable ?? '?'}.${edge.sourceColumn} > ${edge.targetTable ?? 'result'}.${edge.targetColumn} ${edge.kind}`,
    ),
    ...list('reasons', [...new Set(given.reasons.map((reason) => reason.code))]),
  ].map((fact) => fact.toLowerCase());
}

describe.each(readdirSync(folder))('the cases of %s', (file) => {
  it.each(casesOf(file))('`analyzeSql()` reads $dialect: $sql', (one) => {
    expect(factsOf(one)).toEqual(one.facts);
  });
});
