import type { XmlElement } from '../../platform/xml.ts';
import { childOf, childrenOf, expressionsOf, valueOf } from './elements.ts';
import type { Scope } from './expressions.ts';

/** Where a connection manager leads. Nothing else of its connection string is kept: that may hold secrets. */
export interface Connection {
  readonly name: string;
  readonly kind: 'database' | 'file' | 'other';
  /** Of a database: as the catalogue calls them. */
  readonly server: string;
  readonly database: string;
  readonly schema: string;
  /** Of a file: its path, with `/`. */
  readonly file: string;
  /** Word of the option `datasets` for what it leads to. */
  readonly dataset: string;
  /** What a run would change, and the file does not tell. */
  readonly unresolved: readonly string[];
}

/** What the configuration says of connection managers. */
export interface ConnectionRules {
  /** By a server's name as connection strings have it: as the catalogue calls it. */
  readonly servers: Readonly<Record<string, string>>;
  /** By the name of a connection manager: what its connection string does not tell. */
  readonly connections: Readonly<
    Record<
      string,
      {
        readonly server?: string | undefined;
        readonly database?: string | undefined;
        readonly schema?: string | undefined;
        readonly dataset?: string | undefined;
      }
    >
  >;
}

/** The connection managers that a package may use, by every way in which it refers to them. */
export class Connections {
  readonly #byKey = new Map<string, Connection>();

  /** Adds a connection manager; one that is added later is nearer. */
  add(
    element: XmlElement,
    origin: 'Package' | 'Project',
    made: { readonly scope: Scope; readonly rules: ConnectionRules },
  ): void {
    const name = valueOf(element, 'ObjectName') ?? '';
    const connection = connectionOf(element, name, made);
    const keys = [
      valueOf(element, 'DTSID'),
      valueOf(element, 'refId'),
      `${origin}.ConnectionManagers[${name}]`,
      name,
    ];
    for (const key of keys) if (key !== undefined) this.#byKey.set(key.toLowerCase(), connection);
  }

  /** Finds one by id, refId or name; ids may end in `:external`. */
  find(...keys: readonly (string | undefined)[]): Connection | undefined {
    for (const key of keys) {
      const found =
        key === undefined
          ? undefined
          : this.#byKey.get(key.toLowerCase().replace(/:(?:external|invalid)$/, ''));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The connection managers below a package's root. */
export function connectionManagersOf(root: XmlElement): readonly XmlElement[] {
  return [
    ...childrenOf(childOf(root, 'ConnectionManagers'), 'ConnectionManager'),
    ...childrenOf(root, 'ConnectionManager'),
  ];
}

function connectionOf(
  element: XmlElement,
  name: string,
  { scope, rules }: { readonly scope: Scope; readonly rules: ConnectionRules },
): Connection {
  const rule = ruleOf(rules, name);
  const stored = storedIn(element, scope);
  const kind = kindOf(element, stored, rule);
  const isFile = kind !== 'database' && kind !== 'other';
  const server = rule.server ?? serverName(stored.server, rules.servers);
  const untold = kind === 'database' && server === undefined ? ['ServerName'] : [];
  return {
    name,
    kind: isFile ? 'file' : kind,
    server: server ?? name,
    database: rule.database ?? stored.database ?? name,
    schema: rule.schema ?? 'dbo',
    file: (kind === 'sheet' ? (stored.server ?? '') : stored.text).replaceAll('\\', '/'),
    dataset: rule.dataset ?? (isFile ? 'file' : 'table'),
    unresolved: [...(rule === noRule ? stored.unresolved : []), ...untold],
  };
}

type Rule = NonNullable<ConnectionRules['connections'][string]>;
const noRule: Rule = {};

function ruleOf({ connections }: ConnectionRules, name: string): Rule {
  return (Object.hasOwn(connections, name) ? connections[name] : undefined) ?? noRule;
}

/** What a connection manager leads to; a sheet is a file, too, which its connection string names as a server. */
function kindOf(
  element: XmlElement,
  { provider, server }: Stored,
  rule: Rule,
): 'database' | 'sheet' | 'file' | 'other' {
  const type = (valueOf(element, 'CreationName') ?? '').toUpperCase();
  if (type === 'EXCEL' || /^microsoft\.(?:ace|jet)/i.test(provider)) return 'sheet';
  if (/^(?:MULTI)?(?:FLAT)?FILE$/.test(type)) return 'file';
  const isDatabase = [server, rule.server].some((one) => one !== undefined);
  return isDatabase || /^(?:OLEDB|ADO|ODBC|ORACLE)/.test(type) ? 'database' : 'other';
}

interface Stored {
  readonly text: string;
  readonly provider: string;
  readonly server: string | undefined;
  readonly database: string | undefined;
  /** Properties whose expression needs a run. */
  readonly unresolved: readonly string[];
}

/** What a connection manager says itself: by expressions that can be evaluated, else by its connection string. */
function storedIn(element: XmlElement, scope: Scope): Stored {
  const unresolved: string[] = [];
  const expressions = expressionsOf(element);
  const given = (property: string): string | undefined => {
    const expression = expressions.get(property);
    if (expression === undefined) return undefined;
    const value = scope.evaluate(expression);
    if (value !== undefined && value !== '') return value;
    unresolved.push(property);
    return undefined;
  };
  const inner = childOf(childOf(element, 'ObjectData'), 'ConnectionManager');
  const text = given('ConnectionString') ?? valueOf(inner, 'ConnectionString') ?? '';
  const parts = connectionParts(text);
  const first = (...keys: readonly string[]): string | undefined =>
    keys.map((key) => parts.get(key)).find((value) => value !== undefined && value !== '');
  return {
    text,
    provider: parts.get('provider') ?? '',
    server:
      given('ServerName') ?? first('data source', 'server', 'address', 'addr', 'network address', 'dsn'),
    database: given('InitialCatalog') ?? first('initial catalog', 'database'),
    unresolved,
  };
}

/** `tcp:dw.example.com,1433` without the protocol and the usual port, then as the configuration calls it. */
function serverName(written: string | undefined, servers: ConnectionRules['servers']): string | undefined {
  if (written === undefined) return undefined;
  const plain = written
    .trim()
    .replace(/^(?:tcp|np|lpc):/i, '')
    .replace(/,\s*1433$/, '');
  const known = Object.entries(servers).find(([name]) =>
    [written, plain].some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  return known?.[1] ?? plain;
}

/** Longer ones are none: taking them apart is quadratic. */
const longestString = 10_000;
const part = /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*))\s*(?:;|$)/y;

/** Parts of a connection string, by their names in lower case. */
function connectionParts(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  if (text.length > longestString) return parts;
  for (let at = 0; at < text.length; ) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) {
      const next = text.indexOf(';', at);
      if (next < 0) break;
      at = next + 1;
      continue;
    }
    at = part.lastIndex;
    const [, key = '', double, single, plain = ''] = found;
    parts.set(key.toLowerCase(), double ?? single ?? plain.trim());
  }
  return parts;
}
