import { describe, expect, it } from 'vitest';
import {
  brokerCommandLine,
  brokerContainer,
  formatCommand,
  registryCommandLine,
  registryContainer,
} from './programs.ts';

describe('the JVMs', () => {
  it('format, broker and registry are small and quick to start', () => {
    const lines = [
      formatCommand('java', '/cache', '/d/server.properties', 'id'),
      brokerCommandLine('java', '/cache', '/d/server.properties', '/d/log4j2.properties'),
      registryCommandLine('java', '/cache', 21_002, 'mem:registry'),
    ];
    for (const { command, args } of lines) {
      expect(command).toBe('java');
      expect(args).toEqual(
        expect.arrayContaining(['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']),
      );
    }
  });

  it('the registry listens on loopback and uses the database given', () => {
    const { args } = registryCommandLine('java', '/cache', 21_002, 'file:/d/registry');
    expect(args).toContain('-Dquarkus.http.host=127.0.0.1');
    expect(args).toContain('-Dquarkus.http.port=21002');
    expect(args).toContain('-Dquarkus.datasource.jdbc.url=jdbc:h2:file:/d/registry;DB_CLOSE_ON_EXIT=FALSE');
  });
});

describe('the containers', () => {
  it('the broker is published on loopback, its settings are environment variables', () => {
    const { command, args } = brokerContainer('name', 'volume', 'id', 21_000, {
      'log.dirs': '/data',
      'a-b_c': '1',
    });
    expect([command, ...args].join(' ')).toBe(
      'docker run --rm --name name -p 127.0.0.1:21000:21000 -v volume:/var/lib/kafka/data -e CLUSTER_ID=id ' +
        '-e KAFKA_LOG_DIRS=/data -e KAFKA_A__B___C=1 apache/kafka:4.3.1',
    );
  });

  it('the registry is published on loopback', () => {
    expect(registryContainer('name', 21_002).args.join(' ')).toBe(
      'run --rm --name name -p 127.0.0.1:21002:8080 apicurio/apicurio-registry-mem:2.6.13.Final',
    );
  });
});
