import type { Session } from './session.ts';
import { Decoder, Encoder, errorOfCode } from './wire.ts';

/** Metadata of the protocol: from this version on, which is that of Kafka 2.8, it tells the ids of topics. kafkajs stops before. */
const metadata = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' } as const;
const idBytes = 16;
const noError = 0;

/**
 * The id of a topic, which another topic of its name does not have, once that was deleted and made anew. Empty where the brokers do not tell. Rejects
 * as {@link Session.attempt} does.
 */
export function topicId(session: Session, topic: string): Promise<string> {
  return session.attempt(`The topic ${topic} cannot be looked at`, async (cluster) => {
    if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const { maxVersion = 0 } = broker.versions?.[metadata.apiKey] ?? {};
    if (maxVersion < metadata.apiVersion) return '';
    return broker.connectionPool.send<string>({ request: request(topic), response });
  });
}

/** What is noted beside a committed offset: it counts for the topic of that id. */
export function noteOf(id: string): string {
  return id === '' ? '' : `topic ${id}`;
}

/** Whether an offset was committed for another topic than the one that there is, by what is noted beside it. */
export function isOfAnother(note: string | null | undefined, id: string): boolean {
  return id !== '' && note?.startsWith('topic ') === true && note !== noteOf(id);
}

function request(topic: string) {
  return {
    ...metadata,
    encode: async () =>
      new Encoder()
        .writeBuffer(Buffer.from([0, 2])) // no tagged fields in the header; one topic
        .writeBuffer(Buffer.alloc(idBytes)) // asked for by its name
        .writeUVarIntString(topic)
        .writeBuffer(Buffer.from([0, 0, 0, 0, 0])), // no tagged fields, no creation, no rights of cluster and topic, no tagged fields
  };
}

const response = {
  decode: async (bytes: Buffer): Promise<string> => {
    const decoder = new Decoder(bytes);
    decoder.readTaggedFields();
    decoder.readInt32(); // how long the broker waits with its next answers
    decoder.readUVarIntArray((broker) => {
      broker.readInt32();
      broker.readUVarIntString();
      broker.readInt32();
      broker.readUVarIntString();
      broker.readTaggedFields();
    });
    decoder.readUVarIntString(); // the cluster
    decoder.readInt32(); // the controller
    decoder.readUVarInt(); // one topic, and one
    const code = decoder.readInt16();
    if (code !== noError) throw errorOfCode(code);
    decoder.readUVarIntString();
    return decoder.readBytes(idBytes).toString('base64url');
  },
  parse: async (id: string): Promise<string> => id,
};
