import { createHash } from 'node:crypto';

/** The user that may do everything, and its password. */
export const atlasUser = { user: 'admin', password: 'admin' } as const;

/** Ports of 127.0.0.1 that a server takes. */
export interface AtlasPorts {
  readonly rest: number;
  readonly kafka: number;
  readonly zookeeper: number;
}

/** Names and values of a properties file. */
type Properties = Readonly<Record<string, string | number | boolean>>;

function propertiesText(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value)}\n`)
    .join('');
}

/**
 * Settings of one Atlas by itself: the graph in Berkeley DB, the index in a Solr and the topics in a Kafka of its own process, the audit in
 * memory, users and rights in files.
 */
export function atlasSettings(folder: string, ports: AtlasPorts): string {
  const graph = {
    'atlas.graphdb.backend': 'org.apache.atlas.repository.graphdb.janus.AtlasJanusGraphDatabase',
    'atlas.graph.storage.backend': 'berkeleyje',
    'atlas.graph.storage.directory': `${folder}/graph`,
    'atlas.graph.storage.transactions': true,
    'atlas.graph.index.search.backend': 'solr',
    'atlas.graph.index.search.solr.mode': 'cloud',
    'atlas.graph.index.search.solr.embedded': true,
    'atlas.graph.index.search.solr.zookeeper-url': 'localhost:9983', // it must be there; the Solr inside takes a free port
    'atlas.graph.index.search.max-result-set-size': 1000,
    'atlas.EntityAuditRepository.impl': 'org.apache.atlas.repository.audit.InMemoryEntityAuditRepository',
  };
  const topics = {
    'atlas.notification.embedded': true,
    'atlas.notification.create.topics': true,
    'atlas.notification.replicas': 1,
    'atlas.notification.topics': 'ATLAS_HOOK,ATLAS_ENTITIES',
    'atlas.kafka.data': `${folder}/kafka`,
    'atlas.kafka.zookeeper.connect': `localhost:${ports.zookeeper}`,
    'atlas.kafka.bootstrap.servers': `localhost:${ports.kafka}`,
    'atlas.kafka.hook.group.id': 'atlas',
    'atlas.kafka.auto.offset.reset': 'earliest',
    'atlas.kafka.enable.auto.commit': false,
    'atlas.kafka.offsets.topic.replication.factor': 1,
    'atlas.kafka.poll.timeout.ms': 1000,
  };
  const access = {
    'atlas.server.bind.address': '127.0.0.1',
    'atlas.server.http.port': ports.rest,
    'atlas.rest.address': `http://127.0.0.1:${ports.rest}`,
    'atlas.enableTLS': false,
    'atlas.server.ha.enabled': false,
    'atlas.authentication.method.kerberos': false,
    'atlas.authentication.method.file': true,
    'atlas.authentication.method.ldap.type': 'none',
    'atlas.authentication.method.file.filename': `${folder}/conf/users.properties`,
    'atlas.authorizer.impl': 'simple',
    'atlas.authorizer.simple.authz.policy.file': `${folder}/conf/rights.json`,
    'atlas.rest-csrf.enabled': true,
    'atlas.rest-csrf.browser-useragents-regex': '^Mozilla.*,^Opera.*,^Chrome.*',
    'atlas.rest-csrf.methods-to-ignore': 'GET,OPTIONS,HEAD,TRACE',
    'atlas.rest-csrf.custom-header': 'X-XSRF-HEADER',
    'atlas.search.gremlin.enable': false,
  };
  return propertiesText({ ...access, ...graph, ...topics });
}

const reader = 'reader';

/** The users' file: a role and a salted hash each. The user `reader` has its name as password, as in Atlas's own quick start. */
export function atlasUsers(): string {
  const line = (role: string, user: string, password: string): string =>
    `${role}::${createHash('sha256').update(`${password}{${user}}`).digest('hex')}`;
  const { user, password } = atlasUser;
  return propertiesText({
    [user]: line('ADMIN', user, password),
    [reader]: line('READER', reader, reader),
  });
}

/** The rights' file: one user may do everything, the other may read. */
export function atlasRights(): string {
  const any = ['.*'];
  const ends = ['end1', 'end2'].flatMap((end) =>
    ['EntityType', 'EntityId', 'EntityClassification'].map((what) => [end + what, any] as const),
  );
  const types = { typeCategories: any, typeNames: any };
  const entities = { entityTypes: any, entityIds: any, entityClassifications: any, classifications: any };
  const parts = { labels: any, businessMetadata: any, attributes: any };
  const everything = {
    adminPermissions: [{ privileges: any }],
    typePermissions: [{ privileges: any, ...types }],
    entityPermissions: [{ privileges: any, ...entities, ...parts }],
    relationshipPermissions: [{ privileges: any, relationshipTypes: any, ...Object.fromEntries(ends) }],
  };
  const reads = ['entity-read', 'entity-read-classification'];
  const reading = {
    typePermissions: [{ privileges: ['type-read'], ...types }],
    entityPermissions: [{ privileges: reads, ...entities }],
  };
  return JSON.stringify({
    roles: { ROLE_ADMIN: everything, READER: reading },
    userRoles: { [atlasUser.user]: ['ROLE_ADMIN'], [reader]: ['READER'] },
    groupRoles: {},
  });
}

/** What is logged: warnings, to the process's own output. */
export const atlasLogging = `log4j.rootLogger=WARN,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ABSOLUTE} %-5p [%t] %c{1}: %m%n
log4j.logger.org.apache.atlas=INFO
log4j.logger.org.apache.solr=ERROR
log4j.logger.kafka=ERROR
log4j.logger.org.apache.kafka=ERROR
log4j.logger.org.apache.zookeeper=ERROR
`;
