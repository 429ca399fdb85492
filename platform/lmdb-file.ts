import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where things are in a data file of LMDB as lmdb-js 3 writes it (dependencies/lmdb/libraries/liblmdb/mdb.c: MDB_page, MDB_meta, MDB_db, MDB_node). */
const layout = {
  pageFlags: 18,
  metaPage: 0x08,
  pageHeader: 24,
  magic: 24,
  magicValue: 0xbeefc0de,
  version: 28,
  versionValue: 2,
  pageSize: 48,
  flags: 52,
  freeDatabase: 48,
  mainDatabase: 96,
  databaseRoot: 40,
  lastPage: 144,
  transaction: 152,
} as const;

/** Of the flags: the kind of keys of the list of free pages, and whether pages are encrypted. */
const knownFlags = { mask: 0x20ff, value: 0x08 };
/** The file of so many pages would have 16 TiB: more than can be mapped at all. */
const mostPages = 2n ** 32n;

const noPage = 0xffff_ffff_ffff_ffffn;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly roots: readonly bigint[];
}

/** How often a file is looked at anew that another process has written to meanwhile. */
const mostLooks = 100;

/**
 * What is wrong with a data file of LMDB, or undefined: read without LMDB, which maps the file and would end the process
 * with SIGBUS on a page that is not there, and without lmdb-js, which ends it with SIGSEGV where LMDB refuses a file. Looks at the two meta pages and, where the file is shorter than the newest one
 * says, at whether a page in use is missing (pages that were never written may be). Other processes may write to it: what is found amid a
 * commit of theirs does not count, and it is looked at anew.
 */
export function faultOfLmdbFile(path: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size === 0) return undefined; // LMDB was stopped before its first write
    for (let looks = 1; ; looks += 1) {
      const newest = newestMeta(file);
      if (typeof newest === 'string') return newest;
      const fault = missingPage(file, newest);
      if (fault === undefined || looks === mostLooks) return fault;
      const now = newestMeta(file);
      if (typeof now === 'string' || now.transaction === newest.transaction) return fault;
    }
  } finally {
    closeSync(file);
  }
}

/** The meta page of what was committed last, or what is wrong with one. */
function newestMeta(file: number): Meta | string {
  const first = metaAt(file, 0);
  if (first === undefined) return 'its first page is not one of LMDB';
  const second = metaAt(file, first.pageSize);
  if (second === undefined) return 'its second page is not one of LMDB';
  return second.transaction > first.transaction ? second : first;
}

function metaAt(file: number, position: number): Meta | undefined {
  const page = Buffer.alloc(192);
  if (readSync(file, page, 0, page.length, position) < page.length) return undefined;
  if ((page.readUInt16LE(layout.pageFlags) & layout.metaPage) === 0) return undefined;
  if (page.readUInt32LE(layout.magic) !== layout.magicValue) return undefined;
  if (page.readUInt16LE(layout.version) !== layout.versionValue) return undefined;
  if ((page.readUInt16LE(layout.flags) & knownFlags.mask) !== knownFlags.value) return undefined;
  const pageSize = page.readUInt32LE(layout.pageSize);
  if (pageSize < 256 || pageSize > 65_536) return undefined;
  const lastPage = page.readBigUInt64LE(layout.lastPage);
  if (lastPage >= mostPages) return undefined;
  return {
    pageSize,
    lastPage,
    transaction: page.readBigUInt64LE(layout.transaction),
    roots: [layout.freeDatabase, layout.mainDatabase].map((at) =>
      page.readBigUInt64LE(at + layout.databaseRoot),
    ),
  };
}

class PageReader {
  readonly #file: number;
  readonly pageSize: number;
  readonly #size: number;

  constructor(file: number, pageSize: number, size: number) {
    this.#file = file;
    this.pageSize = pageSize;
    this.#size = size;
  }

  /** Whether pages from `first` on lie within the file. */
  has(first: bigint, count = 1): boolean {
    return (Number(first) + count) * this.pageSize <= this.#size;
  }

  read(number: bigint): Buffer {
    const page = Buffer.alloc(this.pageSize);
    readSync(this.#file, page, 0, page.length, Number(number) * this.pageSize);
    return page;
  }
}

/** Walks every page that is in use, from the roots, where the file is short; a page is visited once, so that a damaged file cannot make it go in circles. */
function missingPage(file: number, { pageSize, lastPage, roots }: Meta): string | undefined {
  // Pages are written before the meta page that speaks of them: after it was read, the file has them.
  const { size } = fstatSync(file);
  if (size >= (Number(lastPage) + 1) * pageSize) return undefined;
  const reader = new PageReader(file, pageSize, size);
  const seen = new Set<bigint>();
  const open = roots.filter((root) => root !== noPage);
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (!reader.has(number)) return `it is cut short: page ${number} is missing`;
    if (seen.has(number)) continue;
    seen.add(number);
    const page = reader.read(number);
    const found = pagesOf(page);
    if (found === undefined) return `page ${number} is damaged`;
    for (const { first, bytes } of found.overflow) {
      const pages = Math.ceil((bytes + layout.pageHeader) / reader.pageSize);
      if (!reader.has(first, pages)) return `it is cut short: page ${first} is missing`;
    }
    open.push(...found.children);
  }
  return undefined;
}

/** Pages that a branch or leaf page refers to; undefined when it is neither. */
function pagesOf(page: Buffer):
  | {
      readonly children: readonly bigint[];
      readonly overflow: readonly { readonly first: bigint; readonly bytes: number }[];
    }
  | undefined {
  const flags = page.readUInt16LE(layout.pageFlags);
  const isBranch = (flags & 0x01) !== 0;
  if (!isBranch && (flags & 0x02) === 0) return undefined;
  const children: bigint[] = [];
  const overflow: { first: bigint; bytes: number }[] = [];
  const count = Math.min(page.readUInt16LE(20), page.length - layout.pageHeader) >> 1;
  for (let index = 0; index < count; index += 1) {
    const at = layout.pageHeader + page.readUInt16LE(layout.pageHeader + index * 2);
    if (at + 8 > page.length) return undefined;
    const low = page.readUInt32LE(at);
    const nodeFlags = page.readUInt16LE(at + 4);
    if (isBranch) children.push((BigInt(nodeFlags) << 32n) | BigInt(low));
    else {
      const data = at + 8 + page.readUInt16LE(at + 6);
      if ((nodeFlags & 0x03) !== 0 && data + ((nodeFlags & 0x02) === 0 ? 8 : 48) > page.length)
        return undefined;
      if ((nodeFlags & 0x01) !== 0) overflow.push({ first: page.readBigUInt64LE(data), bytes: low });
      if ((nodeFlags & 0x02) !== 0) {
        const root = page.readBigUInt64LE(data + layout.databaseRoot);
        if (root !== noPage) children.push(root);
      }
    }
  }
  return { children, overflow };
}
