import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';

/** A blob that an event speaks of. */
export interface TouchedBlob {
  readonly container: string;
  readonly path: string;
}

/** What an event of Azure Event Grid means: blobs to look at, `everything` where only a scan can tell, nothing. */
export type Touched = readonly TouchedBlob[] | 'everything';

const text = z.string().max(10_000);
/** The parts that are read, alike in Event Grid's schema and in CloudEvents 1.0 (documentation, "Azure Blob Storage as an Event Grid source"). */
const eventSchema = z.object({
  eventType: text.optional(),
  type: text.optional(),
  subject: text.default(''),
  data: z
    .object({
      api: text.optional(),
      url: text.optional(),
      sourceUrl: text.optional(),
      destinationUrl: text.optional(),
    })
    .default({}),
});

const prefix = 'Microsoft.Storage.';

/**
 * Reads the text of a message: one event, or a list of them, in Base64 or plain. Throws SOURCE_INVALID for what is no event; its message quotes
 * nothing of it.
 */
export function touchedByMessage(message: string): Touched {
  const parsed = z.union([eventSchema, z.array(eventSchema).max(1_000)]).safeParse(jsonOf(message));
  if (!parsed.success)
    throw new StreamError(
      'SOURCE_INVALID',
      `A message of the queue is no event: ${z.prettifyError(parsed.error)}`,
    );
  const events = Array.isArray(parsed.data) ? parsed.data : [parsed.data];
  const all: TouchedBlob[] = [];
  for (const event of events) {
    const touched = touchedByEvent(event);
    if (touched === 'everything') return touched;
    all.push(...touched);
  }
  return all;
}

function jsonOf(message: string): unknown {
  const plain = message.trimStart();
  try {
    return JSON.parse(/^[{[]/.test(plain) ? plain : Buffer.from(message, 'base64').toString('utf8'));
  } catch {
    // The parser's own message quotes the text.
    throw new StreamError('SOURCE_INVALID', 'A message of the queue is not JSON.');
  }
}

function touchedByEvent({ eventType, type, subject, data }: z.output<typeof eventSchema>): Touched {
  const kind = eventType ?? type ?? '';
  if (!kind.startsWith(prefix)) return [];
  switch (kind.slice(prefix.length)) {
    case 'BlobCreated':
      // A file of ADLS Gen2 is created empty; it is finished with FlushWithClose.
      return data.api === 'CreateFile' ? [] : inContainers([blobOfSubject(subject), blobOfUrl(data.url)]);
    case 'BlobDeleted':
      return inContainers([blobOfSubject(subject), blobOfUrl(data.url)]);
    case 'BlobRenamed':
      return inContainers([
        blobOfUrl(data.sourceUrl),
        blobOfUrl(data.destinationUrl),
        blobOfSubject(subject),
      ]);
    // What lies in a folder is not told.
    case 'DirectoryRenamed':
    case 'DirectoryDeleted':
      return 'everything';
    default:
      return [];
  }
}

/** Each once. */
function inContainers(blobs: readonly (TouchedBlob | undefined)[]): readonly TouchedBlob[] {
  const all = new Map(
    blobs.flatMap((blob) =>
      blob === undefined ? [] : [[JSON.stringify([blob.container, blob.path]), blob]],
    ),
  );
  return [...all.values()];
}

/** `/blobServices/default/containers/NAME/blobs/PATH`; the path is not encoded. */
function blobOfSubject(subject: string): TouchedBlob | undefined {
  const [, container, path] =
    /^\/blobServices\/default\/containers\/([^/]+)\/blobs\/(.+)$/s.exec(subject) ?? [];
  return container === undefined || path === undefined ? undefined : { container, path };
}

/** `https://ACCOUNT.blob.core.windows.net/NAME/PATH`, also of the host for `dfs`. */
function blobOfUrl(url: string | undefined): TouchedBlob | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const [, container, path] = /^\/([^/]+)\/(.+)$/s.exec(new URL(url).pathname) ?? [];
  if (container === undefined || path === undefined) return undefined;
  try {
    return { container: decodeURIComponent(container), path: decodeURIComponent(path) };
  } catch {
    return undefined; // a lone % is no blob that the subject does not name
  }
}
