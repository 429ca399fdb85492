import { posix } from 'node:path';
import { StreamError } from '../../pipeline/errors.ts';
import { decodeText } from '../../platform/read-file.ts';
import { readZip } from '../../platform/read-zip.ts';
import { parseXml, type XmlElement, xmlEncoding } from '../../platform/xml.ts';
import { childOf, localName, nameOf, valueOf } from './elements.ts';
import { Scope } from './expressions.ts';

/** What the packages of a project share. */
export interface ProjectParts {
  readonly scope: Scope;
  readonly managers: readonly XmlElement[];
}

/** A project as it is deployed: a zip archive with the packages and what they share. */
export interface DeployedProject extends ProjectParts {
  readonly name: string;
  /** By file name, such as `Load.dtsx`. */
  readonly packages: ReadonlyMap<string, Uint8Array>;
}

/** Unpacked: far more than a project that people keep. */
const limits = { entries: 10_000, bytes: 256_000_000 };

/** Parses the XML of a part. Throws SOURCE_INVALID or SOURCE_LIMIT with file and line. */
export function parsePart(bytes: Uint8Array, file: string): XmlElement {
  return parseXml(decodeText(bytes, file, xmlEncoding(bytes)), { file });
}

/** What parts of a project hold: `Project.params` and `*.conmgr`, by their names. */
export function projectParts(parts: ReadonlyMap<string, Uint8Array>, place: string): ProjectParts {
  let scope = new Scope();
  const managers: XmlElement[] = [];
  for (const [name, bytes] of parts) {
    if (/(?:^|\/)project\.params$/i.test(name))
      scope = scope.withProject(parsePart(bytes, `${place}${name}`));
    else if (/\.conmgr$/i.test(name)) managers.push(parsePart(bytes, `${place}${name}`));
  }
  return { scope, managers };
}

/** Reads an .ispac file. Rejects with SOURCE_INVALID for what is none or is encrypted whole, and with SOURCE_LIMIT. */
export async function readProject(bytes: Uint8Array, file: string): Promise<DeployedProject> {
  const wanted = (name: string): boolean => /\.(?:dtsx|conmgr|params|manifest)$/i.test(name);
  const entries = await readZip(bytes, { file, limits, wanted });
  const named = new Map([...entries].map(([name, content]) => [partName(name), content] as const));
  const manifest = named.get('@Project.manifest');
  if (manifest === undefined)
    throw new StreamError('SOURCE_INVALID', `${file} is no SSIS project: it has no @Project.manifest.`);
  const root = parsePart(manifest, `${file}/@Project.manifest`);
  const level = valueOf(root, 'ProtectionLevel') ?? '';
  if (/EncryptAll/i.test(level))
    throw new StreamError('SOURCE_INVALID', `${file} is encrypted whole (protection level ${level}).`, {
      advice:
        'Deploy it with another protection level, such as DontSaveSensitive: secrets are not read anyway.',
    });
  const properties = childOf(root, 'Properties')?.children ?? [];
  const name = properties.find((one) => localName(one.name) === 'Property' && nameOf(one) === 'Name')?.text;
  return {
    name: name === undefined || name === '' ? posix.basename(file).replace(/\.ispac$/i, '') : name,
    packages: new Map([...named].filter(([part]) => /\.dtsx$/i.test(part))),
    ...projectParts(named, `${file}/`),
  };
}

/** Names of parts are percent-encoded (ECMA-376 part 2). */
function partName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a name with a bare % is what it is
  }
}
