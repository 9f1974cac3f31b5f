import { describe, expect, it } from 'vitest';
import { brokerProperties, containerProperties, renderProperties } from './properties.ts';

const PORTS = { kafka: 21_000, controller: 21_001 };

describe('brokerProperties', () => {
  it('listens on loopback only', () => {
    const properties = brokerProperties('/data', PORTS);
    expect(properties['listeners']).toBe('PLAINTEXT://127.0.0.1:21000,CONTROLLER://127.0.0.1:21001');
    expect(properties['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:21000');
    expect(properties['controller.quorum.voters']).toBe('1@127.0.0.1:21001');
    expect(properties['log.dirs']).toBe('/data');
  });

  it('keeps everything internal at replication 1 and creates no topic by itself', () => {
    const properties = brokerProperties('/data', PORTS);
    const factors = Object.entries(properties).filter(
      ([key]) => key.endsWith('replication.factor') || key.endsWith('min.isr'),
    );
    expect(factors.map(([, value]) => value)).toEqual(['1', '1', '1', '1', '1']);
    expect(properties['auto.create.topics.enable']).toBe('false');
  });

  it('lets further settings win', () => {
    expect(
      brokerProperties('/data', PORTS, { 'offsets.topic.num.partitions': '3' })[
        'offsets.topic.num.partitions'
      ],
    ).toBe('3');
  });
});

describe('containerProperties', () => {
  it('listens on all addresses inside, and is known by the published one', () => {
    const properties = containerProperties('/data', PORTS, { 'num.io.threads': '2' });
    expect(properties['listeners']).toBe('PLAINTEXT://:21000,CONTROLLER://127.0.0.1:21001');
    expect(properties['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:21000');
    expect(properties['num.io.threads']).toBe('2');
  });
});

describe('renderProperties', () => {
  it('writes a line each and escapes what a properties file would read otherwise', () => {
    expect(renderProperties({ a: '1', path: 'C:\\data', two: 'x\ny' })).toBe(
      'a=1\npath=C:\\\\data\ntwo=x\\ny\n',
    );
  });
});
