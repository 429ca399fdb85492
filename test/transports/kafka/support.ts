import { randomUUID } from 'node:crypto';
import type { Transport } from '../../../pipeline/transport.ts';
import { createKafkaTransport, type KafkaTransportOptions } from '../../../transports/kafka/transport.ts';
import { kafkaOfRun } from '../../support/kafka/shared.ts';

/** A prefix of topics and groups that nothing else has. */
export function anyPrefix(): string {
  return `${randomUUID()}.`;
}

/** Opens transports on the broker of the run, each apart from all others, and closes them again. */
export class KafkaWorkshop {
  readonly #opened: Transport[] = [];
  readonly #reach: () => Promise<Pick<KafkaTransportOptions, 'brokers' | 'ssl' | 'sasl'>>;

  /** `reach` says how the broker is reached. @default without encryption */
  constructor(
    reach = async (): Promise<Pick<KafkaTransportOptions, 'brokers' | 'ssl' | 'sasl'>> => ({
      brokers: [(await kafkaOfRun()).plain],
    }),
  ) {
    this.#reach = reach;
  }

  async open(options: Partial<KafkaTransportOptions> = {}): Promise<Transport> {
    const transport = createKafkaTransport({
      prefix: anyPrefix(),
      sessionMs: 10_000,
      heartbeatMs: 50,
      ...(await this.#reach()),
      ...options,
    });
    this.#opened.push(transport);
    return transport;
  }

  async cleanUp(): Promise<void> {
    for (const transport of this.#opened.splice(0)) await transport.close();
  }
}
