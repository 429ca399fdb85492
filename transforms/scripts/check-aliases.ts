import { scriptError, type ScriptLine, type ScriptStatement } from './parser.ts';

interface FirstAlias {
  readonly name: string;
  readonly at: ScriptLine;
}

/**
 * Throws SCRIPT_INVALID when variables are only aliases of each other. An alias of a name that is not yet assigned
 * means the table of that name, so an alias `x` of `x` is none; but where the name is assigned later and leads back, no table can
 * have been meant.
 */
export function checkAliases(statements: readonly ScriptStatement[]): void {
  const first = new Map<string, FirstAlias | undefined>();
  for (const statement of statements) {
    if (statement.kind === 'write' || first.has(statement.variable)) continue;
    const alias = statement.kind === 'alias' && statement.name !== statement.variable;
    first.set(statement.variable, alias ? { name: statement.name, at: statement.at } : undefined);
  }
  const done = new Set<string>();
  for (const start of first.keys()) {
    const trail = new Set<string>();
    for (let name = start; !done.has(name); ) {
      const alias = first.get(name);
      trail.add(name);
      if (alias === undefined) break;
      if (trail.has(alias.name)) {
        const cycle = [...trail].slice([...trail].indexOf(alias.name));
        const names = cycle.length > 5 ? `${cycle.slice(0, 5).join(', ')}, …` : cycle.join(', ');
        throw scriptError(alias.at, `the aliases ${names} go round in a circle`);
      }
      name = alias.name;
    }
    for (const name of trail) done.add(name);
  }
}
