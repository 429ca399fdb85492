/** The user that the broker of the tests lets in by PLAIN and SCRAM. */
export const saslUser = 'streams';
/** Its password. */
export const saslPassword = 'not-a-secret';

/** A connection string as Event Hubs has them, which the broker takes from the user `$ConnectionString`. */
export const connectionString =
  'Endpoint=sb://streams.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=bm90LWEtc2VjcmV0';

/** Where a broker listens for a proxy, and where clients find that. */
export interface ProxiedPort {
  readonly port: number;
  readonly advertised: number;
}

/** Settings of a Kafka of one node: everything that would be kept three times is kept once, and nothing is made by itself. */
export function brokerSettings(
  folder: string,
  ports: {
    readonly plain: number;
    readonly secure: number;
    readonly controller: number;
    readonly proxied?: ProxiedPort | undefined;
  },
): string {
  const { proxied } = ports;
  const at = (port: number | undefined): string => (port === undefined ? '' : `,PROXIED://127.0.0.1:${port}`);
  const module = (name: string): string => `org.apache.kafka.common.security.${name} required`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
listeners=PLAINTEXT://127.0.0.1:${ports.plain},SASL_SSL://127.0.0.1:${ports.secure},CONTROLLER://127.0.0.1:${ports.controller}${at(proxied?.port)}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports.plain},SASL_SSL://127.0.0.1:${ports.secure}${at(proxied?.advertised)}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${folder}/data
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
ssl.keystore.type=PKCS12
ssl.keystore.location=${folder}/keys.p12
ssl.keystore.password=${saslPassword}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl_ssl.plain.sasl.jaas.config=${module('plain.PlainLoginModule')} user_${saslUser}="${saslPassword}" user_$ConnectionString="${connectionString}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=${module('scram.ScramLoginModule')};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${module('scram.ScramLoginModule')};
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=${module('oauthbearer.OAuthBearerLoginModule')} unsecuredLoginStringClaim_sub="${saslUser}";
`;
}
