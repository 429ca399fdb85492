/** Names that SQL builds: `IDENTIFIER('a.b')`, `IDENTIFIER($table)`, `IDENTIFIER(:schema || '.t')`. */
import { type Dialect, foldIdentifier } from './dialects.ts';
import type { Name, TextPart } from './ir.ts';

/** The first part of a name that is known only when its variables are. */
const computedMark = '\u0007';

/** Cuts `[a].b` or `"a".b` at its dots; what is not quoted is folded as the dialect does it. */
export function nameFromText(text: string, dialect: Dialect): Name {
  return [...text.matchAll(/\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|`([^`]*)`|([^.[\]"`]+)/g)].map((part) => {
    const quoted = part[1] ?? part[2] ?? part[3];
    return quoted ?? foldIdentifier((part[4] ?? '').trim(), dialect);
  });
}

/** The name that the parts make: at once if all of them are text, else once the variables are known. */
export function computedName(parts: readonly TextPart[], dialect: Dialect): Name {
  const texts = parts.map((part) => ('text' in part ? part.text : undefined));
  if (parts.length > 0 && texts.every((text) => text !== undefined))
    return nameFromText(texts.join(''), dialect);
  return [computedMark, JSON.stringify(parts)];
}

/** The parts of a name that waits for its variables; undefined for any other name. */
export function computedParts(name: Name): readonly TextPart[] | undefined {
  return name[0] === computedMark ? (JSON.parse(name[1] ?? '[]') as readonly TextPart[]) : undefined;
}
