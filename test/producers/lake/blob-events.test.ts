import { BlobServiceClient } from '@azure/storage-blob';
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { topics } from '../../../pipeline/topics.ts';
import { touchedByMessage } from '../../../producers/lake/blob-events.ts';
import { lake } from '../../../producers/lake/component.ts';
import { failureOf } from '../../contracts/producer.ts';
import { type Azurite, startAzurite } from '../../support/azurite.ts';
import { type Follower, followProducer, saidByScan } from '../../support/follow-producer.ts';

const patience = { timeout: 30_000, interval: 20 };

let azurite: Azurite;
let service: BlobServiceClient;
let queue: QueueClient;
let made = 0;
beforeAll(async () => {
  azurite = await startAzurite({ queues: true });
  service = BlobServiceClient.fromConnectionString(azurite.connectionString);
}, 60_000);
afterAll(() => azurite.stop());

const followers: Follower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

const options = (more: Record<string, unknown> = {}) => ({
  server: 'acct',
  blobs: {
    connectionString: azurite.connectionString,
    containers: { include: [`lake-${made}`] },
    events: { queue: `events-${made}`, interval: 0.05, maxDequeues: 3 },
  },
  ...more,
});
const open = (more: Record<string, unknown> = {}): Promise<Producer> =>
  lake.configure('l', options(more), { baseFolder: '/' }).open();

/** A container and a queue of their own, and a producer that follows them. */
async function follow(
  files: Readonly<Record<string, string>>,
  more: Record<string, unknown> = {},
): Promise<Follower> {
  made += 1;
  await service.getContainerClient(`lake-${made}`).create();
  queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(`events-${made}`);
  await queue.create();
  for (const [name, content] of Object.entries(files)) await put(name, content);
  const follower = await followProducer(await open(more));
  followers.push(follower);
  return follower;
}
const put = async (name: string, content: string): Promise<void> => {
  await service.getContainerClient(`lake-${made}`).getBlockBlobClient(name).upload(content, content.length);
};
const drop = async (name: string): Promise<void> => {
  await service.getContainerClient(`lake-${made}`).getBlobClient(name).delete();
};
/** An event as Event Grid sends it: its own schema, in Base64. */
const event = (kind: string, name: string, data: Record<string, unknown> = {}): string =>
  JSON.stringify({
    topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct',
    subject: `/blobServices/default/containers/lake-${made}/blobs/${name}`,
    eventType: `Microsoft.Storage.${kind}`,
    id: '831e1650-001e-001b-66ab-eeb76e069631',
    data: {
      api: 'PutBlockList',
      contentLength: 10,
      blobType: 'BlockBlob',
      url: `https://acct.blob.core.windows.net/lake-${made}/${name}`,
      sequencer: '00000000000004420000000000028963',
      ...data,
    },
    dataVersion: '',
    metadataVersion: '1',
    eventTime: '2025-06-26T18:41:00.9584103Z',
  });
const send = async (text: string): Promise<void> => {
  await queue.sendMessage(Buffer.from(text).toString('base64'));
};
const caughtUp = async (follower: Follower, more: Record<string, unknown> = {}): Promise<void> => {
  await vi.waitFor(
    async () => expect(await follower.said()).toEqual(await saidByScan(await open(more))),
    patience,
  );
};
const emptied = (): Promise<void> =>
  vi.waitFor(async () => {
    const { approximateMessagesCount } = await queue.getProperties();
    expect(approximateMessagesCount).toBe(0);
  }, patience);

describe('lake by blob events', () => {
  it('reads anew the sets that events speak of, and deletes the messages when that is durable', async () => {
    const follower = await follow({ 'sales/2024/05/06/data.csv': 'a,b\n1,2\n', 'other.csv': 'x\n1\n' });
    expect(await (await open()).describeChanges?.()).toBe(
      `blob events of the queue events-${made}, and a scan every 86400 s`,
    );
    await put('sales/2024/05/07/data.csv', 'a,b,c\n1,2,3\n');
    await put('new/folder/x.csv', 'y\n1\n');
    await send(event('BlobCreated', 'sales/2024/05/07/data.csv'));
    await send(event('BlobCreated', 'sales/2024/05/07/data.csv')); // told twice
    await send(event('BlobCreated', 'new/folder/x.csv'));
    await caughtUp(follower);
    await drop('other.csv');
    await drop('sales/2024/05/07/data.csv');
    await send(event('BlobDeleted', 'other.csv', { api: 'DeleteBlob' }));
    await send(event('BlobDeleted', 'sales/2024/05/07/data.csv', { api: 'DeleteBlob' }));
    await caughtUp(follower);
    await emptied();
    expect(follower.scans).toHaveLength(1);
    expect(Object.keys(await follower.said())).toEqual([
      'database-object /',
      `database-object lake-${made}`,
      `database-object lake-${made}/new/folder/x.csv`,
      `database-object lake-${made}/sales/{Year}/{Month}/{Day}/data.csv`,
    ]);
  });

  it('keeps to the least number of files of a set, both ways', async () => {
    const more = { resourceSets: { minFiles: 3 } };
    const follower = await follow({ 'a/1.csv': 'x\n1\n', 'a/2.csv': 'x\n1\n' }, more);
    await put('a/3.csv', 'x\n1\n');
    await send(event('BlobCreated', 'a/3.csv'));
    await caughtUp(follower, more);
    expect(Object.keys(await follower.said())).toContain(`database-object lake-${made}/a/{N}.csv`);
    await drop('a/1.csv');
    await send(event('BlobDeleted', 'a/1.csv'));
    await caughtUp(follower, more);
    expect(Object.keys(await follower.said())).toContain(`database-object lake-${made}/a/3.csv`);
    expect(follower.scans).toHaveLength(1);
  });

  it('scans for what only a scan can tell, and makes what is no event a dead letter', async () => {
    // So many that one may go by a scan.
    const others = Object.fromEntries('bcdefgh'.split('').map((name) => [`${name}.csv`, 'x\n1\n']));
    const follower = await follow({ 'dir/a.csv': 'x\n1\n', ...others });
    await drop('dir/a.csv');
    await put('moved/a.csv', 'x\n1\n');
    await send(
      event('DirectoryRenamed', 'moved', {
        sourceUrl: 'https://acct.dfs.core.windows.net/c/dir',
        destinationUrl: 'https://acct.dfs.core.windows.net/c/moved',
      }),
    );
    await send('{"canary-77": ');
    await queue.sendMessage('{"subject": 5}');
    await caughtUp(follower);
    await emptied();
    expect(follower.scans.length).toBeGreaterThan(1);
    const letters: string[] = [];
    for await (const { value } of follower.transport.read(topics.deadLetters, 0, 0))
      letters.push(Buffer.from(value ?? []).toString('latin1'));
    expect(letters).toHaveLength(2);
    expect(letters.join('\n')).toContain('A message of the queue is not JSON.');
  });

  it('leaves a message in the queue that could not be made durable, and gives it up after so many times', async () => {
    const first = await follow({ 'a.csv': 'x\n1\n' });
    await first.stop();
    followers.splice(0);
    await put('b.csv', 'x\n1\n');
    await send(event('BlobCreated', 'b.csv'));
    // Taken by processes that died before they had settled it.
    for (let taken = 0; taken < 3; taken += 1)
      await queue.receiveMessages({ visibilityTimeout: 1 }).then(async ({ receivedMessageItems: [one] }) => {
        if (one !== undefined) await queue.updateMessage(one.messageId, one.popReceipt, undefined, 0);
      });
    const next = await followProducer(await open(), { from: first });
    followers.push(next);
    await emptied();
    await caughtUp(next);
    let letters = 0;
    for await (const _letter of next.transport.read(topics.deadLetters, 0, 0)) letters += 1;
    expect(letters).toBe(1);
  });

  it('says what is missing', async () => {
    const producer = await lake
      .configure(
        'l',
        {
          server: 'acct',
          blobs: { connectionString: azurite.connectionString, events: { queue: 'no-such-queue' } },
        },
        { baseFolder: '/' },
      )
      .open();
    const next = producer.changes(new AbortController().signal)[Symbol.asyncIterator]();
    expect(await failureOf(next.next())).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await producer.close();
    const alone = lake.configure(
      'l',
      { blobs: { url: 'https://files.example.com', events: { queue: 'events' } } },
      { baseFolder: '/' },
    );
    expect(await failureOf(alone.open())).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('blobs.events.url'),
    });
  });
});

describe('touchedByMessage()', () => {
  const of = (
    kind: string,
    data: Record<string, unknown> = {},
    subject = '/blobServices/default/containers/c/blobs/d/a b.csv',
  ) => touchedByMessage(JSON.stringify({ eventType: `Microsoft.Storage.${kind}`, subject, data }));

  it('looks at a file of ADLS Gen2 when it is finished, not when it is created empty', () => {
    expect(of('BlobCreated', { api: 'CreateFile', contentLength: 0 })).toEqual([]);
    expect(
      of('BlobCreated', { api: 'FlushWithClose', url: 'https://acct.dfs.core.windows.net/c/d/a%20b.csv' }),
    ).toEqual([{ container: 'c', path: 'd/a b.csv' }]);
  });

  it('looks at both names of a blob that was renamed', () => {
    expect(
      of('BlobRenamed', {
        sourceUrl: 'https://acct.dfs.core.windows.net/c/old.csv',
        destinationUrl: 'https://acct.dfs.core.windows.net/c/d/a%20b.csv',
      }),
    ).toEqual([
      { container: 'c', path: 'old.csv' },
      { container: 'c', path: 'd/a b.csv' },
    ]);
  });

  it('takes CloudEvents and lists, and nothing of other events', () => {
    const cloud = {
      specversion: '1.0',
      type: 'Microsoft.Storage.BlobDeleted',
      source: '/s',
      subject: '/blobServices/default/containers/c/blobs/x',
    };
    expect(
      touchedByMessage(JSON.stringify([cloud, { eventType: 'Microsoft.Storage.DirectoryCreated' }])),
    ).toEqual([{ container: 'c', path: 'x' }]);
    expect(of('DirectoryDeleted', { recursive: 'true' })).toBe('everything');
    expect(touchedByMessage('{"eventType":"Microsoft.KeyVault.SecretNewVersionCreated"}')).toEqual([]);
    expect(of('BlobDeleted', { url: 'https://acct.blob.core.windows.net/c/%' }, 'no subject')).toEqual([]);
  });
});
