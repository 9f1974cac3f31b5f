import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { javaMajor, pinFaults, renderPom, REGISTRY_JAR } from './artifacts.ts';

describe('pinFaults', () => {
  it('finds nothing where all is as pinned', () => {
    expect(pinFaults({ 'a.jar': '11', 'b.jar': '22' }, { 'b.jar': '22', 'a.jar': '11' })).toEqual([]);
  });

  it('names what is missing, different and not pinned', () => {
    expect(pinFaults({ 'a.jar': '11', 'b.jar': '22' }, { 'b.jar': '23', 'c.jar': '33' })).toEqual([
      'a.jar is missing',
      'b.jar has sha256 23, pinned is 22',
      'c.jar is not pinned',
    ]);
  });

  it('tells at most ten', () => {
    const pins = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [String(index), 'x']));
    expect(pinFaults(pins, {})).toHaveLength(10);
  });
});

describe('pins.json', () => {
  const pins = JSON.parse(readFileSync(new URL('pins.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >;

  it('pins the broker, its log binding and the registry with a sha256 each', () => {
    for (const path of [
      'kafka/kafka_2.13-4.3.1.jar',
      'kafka/log4j-slf4j-impl-2.25.4.jar',
      `registry/${REGISTRY_JAR}`,
    ]) {
      expect(pins).toHaveProperty([path]);
    }
    expect(Object.values(pins).every((sha256) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);
  });
});

describe('renderPom', () => {
  it('fills the given folder and names no repository', () => {
    const pom = renderPom('/tmp/a & b');
    expect(pom).toContain('<outputDirectory>/tmp/a &amp; b/kafka</outputDirectory>');
    expect(pom).toContain('<outputDirectory>/tmp/a &amp; b/registry</outputDirectory>');
    expect(pom).toContain('<artifactId>kafka_2.13</artifactId><version>4.3.1</version>');
    expect(pom).toContain('<version>2.6.13.Final</version><type>tar.gz</type><classifier>all</classifier>');
    expect(pom).not.toMatch(/repositor/i);
  });
});

describe('javaMajor', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25-ea"', 25],
    ['Unable to locate a Java Runtime', undefined],
  ])('%s', (text, major) => {
    expect(javaMajor(text)).toBe(major);
  });
});
