import { createGunzip } from 'node:zlib';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { type Field } from './fields.ts';
import type { LakeFile, LakeFiles } from './lake-files.ts';
import { readAvro } from './read-avro.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import { readParquet } from './read-parquet.ts';
import { readWorkbook } from './read-workbook.ts';

/** Bytes of the head of a file that are read, and that a compressed head may become. */
const headBytes = 262_144;
/** Bytes that a JSON file may have that is one document. */
const maxDocumentBytes = 1_000_000;

/** What a file is by its name. */
export interface Format {
  /** `csv`, `json`, `parquet`, …; the ending where it is none of those that are read. */
  readonly name: string;
  readonly compression: 'gzip' | null;
}

const endings: ReadonlyMap<string, string> = new Map([
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['psv', 'psv'],
  ['ssv', 'ssv'],
  ['json', 'json'],
  ['jsonl', 'json'],
  ['ndjson', 'json'],
  ['parquet', 'parquet'],
  ['parq', 'parquet'],
  ['avro', 'avro'],
  ['xlsx', 'xlsx'],
  ['xlsm', 'xlsx'],
]);
const delimiters: ReadonlyMap<string, string> = new Map([
  ['tsv', '\t'],
  ['psv', '|'],
  ['ssv', ';'],
]);

/** The format of a file by its ending: `part-0.snappy.parquet` is parquet, `a.csv.gz` is csv in gzip. */
export function formatOf(path: string): Format {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const gzip = name.endsWith('.gz');
  const plain = gzip ? name.slice(0, -3) : name;
  const dot = plain.lastIndexOf('.');
  const ending = dot < 0 ? '' : plain.slice(dot + 1);
  return {
    name: endings.get(ending) ?? (ending === '' ? 'unknown' : ending),
    compression: gzip ? 'gzip' : null,
  };
}

/**
 * The fields of a file, from its head or foot alone; of a workbook from all of it. Undefined for formats that are not read. Throws SOURCE_INVALID or SOURCE_LIMIT, whose message
 * continues a sentence that begins with the file's name, for what is in it; and what the store throws.
 */
export async function readSchema(files: LakeFiles, file: LakeFile): Promise<readonly Field[] | undefined> {
  const { name, compression } = formatOf(file.path);
  if (file.bytes === 0) return undefined;
  try {
    switch (name) {
      case 'csv':
      case 'tsv':
      case 'psv':
      case 'ssv': {
        const { text, whole } = await headOf(files, file, { compression, max: headBytes });
        const delimiter = delimiters.get(name);
        return await readCsv(text, { whole, ...(delimiter === undefined ? {} : { delimiter }) });
      }
      case 'json':
        return await readDocuments(files, file, compression);
      case 'avro':
        return readAvro(await files.read(file, 0, headBytes * 4));
      case 'parquet':
        return await readParquet(file.bytes, (start, end) => files.read(file, start, end));
      case 'xlsx':
        return compression === null
          ? await readWorkbook(file, () => files.read(file, 0, file.bytes))
          : undefined;
      default:
        return undefined;
    }
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown;
    throw new StreamError(
      'SOURCE_INVALID',
      `it cannot be read as ${name}: ${messageOf(thrown).slice(0, 200)}`,
      { cause: thrown },
    );
  }
}

async function readDocuments(
  files: LakeFiles,
  file: LakeFile,
  compression: Format['compression'],
): Promise<readonly Field[]> {
  const max = compression === null && file.bytes <= maxDocumentBytes ? maxDocumentBytes : headBytes;
  const head = await headOf(files, file, { compression, max });
  return readJson(head.text, { whole: head.whole, file: file.path });
}

/** The begin of a text, uncompressed. Bytes that are no UTF-8 become a mark: the names may be right all the same. */
async function headOf(
  files: LakeFiles,
  file: LakeFile,
  { compression, max }: { readonly compression: Format['compression']; readonly max: number },
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const bytes = await files.read(file, 0, max);
  const all = bytes.byteLength >= file.bytes;
  const plain = compression === null ? { bytes, whole: all } : await unzipped(bytes, { all, max });
  const [a, b] = plain.bytes;
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
  return {
    text: new TextDecoder(encoding).decode(plain.bytes, { stream: !plain.whole }),
    whole: plain.whole,
  };
}

/** What a piece of gzip becomes, up to the cap: a bomb costs no more than that. */
async function unzipped(
  bytes: Uint8Array,
  { all, max }: { readonly all: boolean; readonly max: number },
): Promise<{ readonly bytes: Uint8Array; readonly whole: boolean }> {
  const gunzip = createGunzip();
  const parts: Buffer[] = [];
  let length = 0;
  let whole = all;
  gunzip.end(bytes);
  try {
    for await (const part of gunzip) {
      const piece = Buffer.from(part as Uint8Array);
      parts.push(piece);
      length += piece.length;
      if (length <= max) continue;
      whole = false;
      break;
    }
  } catch (thrown) {
    // A piece of a file ends in the middle of its data.
    const isCut = thrown instanceof Error && 'code' in thrown && thrown.code === 'Z_BUF_ERROR';
    if (!isCut || all) throw thrown;
    whole = false;
  }
  gunzip.destroy();
  return { bytes: Buffer.concat(parts).subarray(0, max), whole };
}
