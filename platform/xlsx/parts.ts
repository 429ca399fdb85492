/** The parts of a workbook that its sheets refer to. */
import path from 'node:path/posix';
import type { XlsxPackage } from './package.ts';
import { isDateFormat } from './styles.ts';
import type { Budget } from './budget.ts';

/** A sheet as the workbook lists it. */
export interface SheetEntry {
  readonly name: string;
  readonly part: string;
}

/** What the workbook says of itself. */
export interface WorkbookParts {
  readonly sheets: readonly SheetEntry[];
  readonly is1904: boolean;
  readonly sharedStrings: string | undefined;
  readonly styles: string | undefined;
}

interface Relationship {
  readonly type: string;
  readonly target: string;
}

/** Reads the list of sheets. Throws SOURCE_INVALID where there is none. */
export async function readParts(xlsx: XlsxPackage): Promise<WorkbookParts> {
  const top = [...(await relationships(xlsx, '')).values()].find(({ type }) => type === 'officeDocument');
  const workbook = top?.target ?? 'xl/workbook.xml';
  const related = await relationships(xlsx, workbook);
  const listed: { readonly name: string; readonly id: string }[] = [];
  let is1904 = false;
  await xlsx.read(workbook, {
    open: (name, attributes) => {
      if (name === 'sheet') listed.push({ name: attributes['name'] ?? '', id: relationId(attributes) });
      if (name === 'workbookPr') is1904 = isTrue(attributes['date1904']);
    },
  });
  const partOf = (wanted: string): string | undefined =>
    [...related.values()].find(({ type }) => type === wanted)?.target;
  return {
    // A chart sheet has no rows.
    sheets: listed.flatMap(({ name, id }) => {
      const relation = related.get(id);
      return relation?.type === 'worksheet' ? { name, part: relation.target } : [];
    }),
    is1904,
    sharedStrings: partOf('sharedStrings'),
    styles: partOf('styles'),
  };
}

/** The attribute `r:id`, whatever prefix a writer gives its namespace. */
function relationId(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1] ?? '';
}

async function relationships(xlsx: XlsxPackage, part: string): Promise<ReadonlyMap<string, Relationship>> {
  const folder = path.dirname(part);
  const found = new Map<string, Relationship>();
  const file = path.join(folder, '_rels', `${path.basename(part)}.rels`);
  if (!xlsx.has(file)) return found;
  await xlsx.read(file, {
    open: (name, { Id, Type = '', Target = '', TargetMode }) => {
      if (name !== 'Relationship' || Id === undefined || TargetMode === 'External') return;
      const target = Target.startsWith('/') ? Target.slice(1) : path.join(folder, Target);
      found.set(Id, { type: Type.slice(Type.lastIndexOf('/') + 1), target });
    },
  });
  return found;
}

/** Texts that cells refer to by number. What is read aloud for East Asian texts (rPh) is left out. */
export async function readSharedStrings(
  xlsx: XlsxPackage,
  part: string | undefined,
  budget: Budget,
): Promise<readonly string[]> {
  const strings: string[] = [];
  if (part === undefined || !xlsx.has(part)) return strings;
  const reader = new TextReader();
  await xlsx.read(part, {
    open: (name) => {
      if (name === 'si') reader.begin();
      reader.open(name);
    },
    text: (text) => {
      reader.add(text);
      budget.text(reader.length, () => 'a cell');
    },
    close: (name) => {
      reader.close(name);
      if (name === 'si') strings.push(reader.take());
    },
  });
  return strings;
}

/** By number of a cell's style: whether it shows numbers as dates. */
export async function readDateStyles(
  xlsx: XlsxPackage,
  part: string | undefined,
): Promise<readonly boolean[]> {
  const formats = new Map<number, string>();
  const styles: boolean[] = [];
  if (part === undefined || !xlsx.has(part)) return styles;
  let inCells = false;
  await xlsx.read(part, {
    open: (name, attributes) => {
      if (name === 'numFmt') formats.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '');
      if (name === 'cellXfs') inCells = true;
      if (name !== 'xf' || !inCells) return;
      const id = Number(attributes['numFmtId'] ?? 0);
      styles.push(isDateFormat(id, formats.get(id)));
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return styles;
}

/** Collects the text of a rich text: all `t` but those of `rPh`. */
export class TextReader {
  #parts: string[] = [];
  #length = 0;
  #inText = false;
  #inPhonetic = false;

  /** Characters so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was collected. */
  begin(): void {
    this.#parts = [];
    this.#length = 0;
  }

  /** An element begins. */
  open(name: string): void {
    if (name === 'rPh') this.#inPhonetic = true;
    else if (name === 't') this.#inText = !this.#inPhonetic;
  }

  /** An element ends. */
  close(name: string): void {
    if (name === 'rPh') this.#inPhonetic = false;
    else if (name === 't') this.#inText = false;
  }

  /** Text of whatever element is open. */
  add(text: string): void {
    if (!this.#inText) return;
    this.#parts.push(text);
    this.#length += text.length;
  }

  /** What was collected, unescaped. */
  take(): string {
    const text = this.#parts.join('');
    this.begin();
    return unescaped(text);
  }
}

/** Characters that XML cannot hold stand as _xHHHH_ (ECMA-376 part 1, section 22.4.2.4). */
export function unescaped(text: string): string {
  return text.includes('_x')
    ? text.replaceAll(/_x([0-9A-Fa-f]{4})_/gu, (_match, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      )
    : text;
}

/** A boolean of XML Schema. */
function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
