import { messageOf, toStreamError } from '../../pipeline/errors.ts';
import { blankObject } from '../../pipeline/blank-object.ts';
import type { FoundObject, ScanContext } from '../../pipeline/producer.ts';
import { listFiles } from '../../platform/list-files.ts';
import { decodeText, type FileContent, readFileUnder, resolveUnder } from '../../platform/read-file.ts';
import { redactBytes } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import type { NamePart, Warning } from '../../schemas/types.ts';
import { entryId, readSystemTable, type SystemEntry, type SystemTable } from './system-table.ts';
import { pathTo } from './json-fields.ts';

/** What a scan reads. */
export interface CustomDbFolder {
  /** Folder with the system table, the part files and the scripts. */
  readonly root: string;
  /** Name of the system table's file in it. */
  readonly systemFile: string;
  /** Glob of the scripts, relative to the root. */
  readonly scripts: string;
  /** Logical name of the server. */
  readonly server: string;
}

/** The kind of database, as its events name it. */
const system = 'custom-db';
/** Bytes that a system table may have. */
const maxSystemBytes = 64_000_000;
/** Bytes that a script may have. */
const maxScriptBytes = 4_000_000;

/** Yields the server, its containers and tables, then its scripts. Throws when the system table cannot be read. */
export async function* scanCustomDb(
  folder: CustomDbFolder,
  context: ScanContext,
): AsyncGenerator<FoundObject> {
  const content = await readFileUnder({
    root: folder.root,
    file: folder.systemFile,
    maxBytes: maxSystemBytes,
  });
  const table = readSystemTable(decodeText(content.bytes, content.file), content.file);
  for (const rejection of table.rejected) context.reject(rejection);
  yield serverObject(folder, table, content.modifiedMs);
  for (const entry of table.entries) {
    throwIfStopped(context.signal);
    const warnings = await missingParts(folder.root, entry);
    yield entryObject(folder, { ...entry, warnings: [...entry.warnings, ...warnings] }, content.modifiedMs);
  }
  yield* scanScripts(folder, context);
}

function serverObject({ server }: CustomDbFolder, table: SystemTable, sequence: number): FoundObject {
  return {
    type: 'database-object',
    objectId: 'server',
    sequence,
    value: {
      system,
      ...blankObject,
      path: [{ level: 'server', name: server }],
      warnings: table.warnings,
      additional: table.additional,
    },
  };
}

function entryObject({ server }: CustomDbFolder, entry: SystemEntry, sequence: number): FoundObject {
  const above: readonly NamePart[] = [
    { level: 'server', name: server },
    ...(entry.container === undefined ? [] : [{ level: 'container', name: entry.container } as const]),
  ];
  return {
    type: 'database-object',
    objectId: entryId(entry.kind, entry.name),
    sequence,
    value: {
      system,
      ...blankObject,
      path: [...above, { level: entry.kind, name: entry.name }],
      description: entry.description,
      columns: entry.columns,
      parts: entry.parts,
      warnings: entry.warnings,
      additional: entry.additional,
    },
  };
}

/** Part files are only looked for, never read: they hold the rows. */
async function missingParts(root: string, entry: SystemEntry): Promise<readonly Warning[]> {
  const warnings: Warning[] = [];
  for (const [index, part] of entry.parts.entries()) {
    try {
      await resolveUnder(root, part);
    } catch (thrown) {
      warnings.push({
        code: 'missing-part-file',
        location: pathTo(`${pathTo('$.tables', entry.name)}.tableParts`, index),
        message: `The part file ${part} of the table ${entry.name} cannot be found beside the system table: ${messageOf(thrown)}`,
      });
    }
  }
  return warnings;
}

async function* scanScripts(folder: CustomDbFolder, context: ScanContext): AsyncGenerator<FoundObject> {
  const files = await listFiles({ root: folder.root, glob: folder.scripts });
  const named = new Set<string>();
  for (const file of files) {
    throwIfStopped(context.signal);
    let content: FileContent | undefined;
    try {
      content = await readFileUnder({ root: folder.root, file, maxBytes: maxScriptBytes });
      const text = decodeText(content.bytes, file);
      yield scriptObject(folder.server, { file, text, sequence: content.modifiedMs }, named);
    } catch (thrown) {
      context.reject({
        objectId: file,
        error: toStreamError(thrown, 'SOURCE_UNAVAILABLE', file),
        ...(content === undefined ? {} : { bytes: redactBytes(content.bytes) }),
      });
    }
  }
}

interface Script {
  readonly file: string;
  readonly text: string;
  readonly sequence: number;
}

/** A script is named by its file without folder and extension; where that is taken, by its path. */
function scriptObject(server: string, { file, text, sequence }: Script, named: Set<string>): FoundObject {
  const path = file.replace(/\.[^./]+$/, '');
  const short = path.slice(path.lastIndexOf('/') + 1);
  const taken = named.has(short);
  const name = taken ? path : short;
  named.add(name);
  const warning: Warning = {
    code: 'duplicate-script-name',
    location: file,
    message: `Another script is named ${short} too; this one is shown as ${name}.`,
  };
  return {
    type: 'routine',
    objectId: file,
    sequence,
    value: {
      system,
      path: [
        { level: 'server', name: server },
        { level: 'routine', name },
      ],
      kind: 'SCRIPT',
      language: 'custom',
      text,
      description: null,
      file,
      warnings: taken ? [warning] : [],
      additional: [],
    },
  };
}
