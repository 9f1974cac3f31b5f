/** Ports of one broker, on loopback. */
export interface BrokerPorts {
  readonly kafka: number;
  readonly controller: number;
}

/** Settings by name, as in `server.properties`. */
export type Properties = Readonly<Record<string, string>>;

/** One KRaft node, broker and controller, small and quick to start and to notice failures. Times in milliseconds. */
const COMMON: Properties = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'auto.create.topics.enable': 'false',
  // A restart after a kill is seen in 7 s and not in 17.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'log.cleaner.dedupe.buffer.size': '4194304',
};

/**
 * Settings of the broker's own process.
 *
 * @param dataFolder where its log segments lie, absolute.
 * @param extra further settings; they win.
 */
export function brokerProperties(dataFolder: string, ports: BrokerPorts, extra: Properties = {}): Properties {
  const kafka = `PLAINTEXT://127.0.0.1:${String(ports.kafka)}`;
  return {
    ...COMMON,
    'controller.quorum.voters': `1@127.0.0.1:${String(ports.controller)}`,
    listeners: `${kafka},CONTROLLER://127.0.0.1:${String(ports.controller)}`,
    'advertised.listeners': kafka,
    'log.dirs': dataFolder,
    ...extra,
  };
}

/** The same for a broker in a container whose port is published on loopback. */
export function containerProperties(
  dataFolder: string,
  ports: BrokerPorts,
  extra: Properties = {},
): Properties {
  return {
    ...brokerProperties(dataFolder, ports),
    listeners: `PLAINTEXT://:${String(ports.kafka)},CONTROLLER://127.0.0.1:${String(ports.controller)}`,
    ...extra,
  };
}

/** Text of a Java properties file; backslashes and line breaks in values are escaped. */
export function renderProperties(properties: Properties): string {
  const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${escape(value)}\n`)
    .join('');
}

/** Log lines on stdout: without a configuration the broker says nothing, not even that it is ready. */
export const LOG4J2_PROPERTIES = `rootLogger.level = INFO
rootLogger.appenderRef.out.ref = OUT
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1}: %m%n
`;
