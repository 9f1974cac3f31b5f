/** What can be said of the image and the compose file without Docker. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { KAFKA_IMAGE, REGISTRY_IMAGE } from '../cli/embedded/artifacts.ts';
import { createMetrics } from '../service/metrics.io.ts';

interface Service {
  readonly image: string;
  readonly container_name?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
}
const read = (path: string): string => readFileSync(path, 'utf8');
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Readonly<Record<string, Service>>;
};
const OURS = ['topics', 'bankchurn', 'simulator'];

test('every image is pinned, Kafka’s and the registry’s as where they are embedded', () => {
  for (const { image } of Object.values(services)) expect(image).toMatch(/:(?!latest)[\w.-]*\d|:local\}$/);
  expect(services['kafka']!.image).toContain(`:-${KAFKA_IMAGE}@`);
  expect(services['schema-registry']!.image).toContain(`:-${REGISTRY_IMAGE}`);
});

test('ports can be chosen, are published on loopback, and the container has the runbook’s name', () => {
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(ports).toHaveLength(6);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z_]+_PORT:-\d+\}:\d+$/);
  expect(services['bankchurn']!.ports).toEqual(['127.0.0.1:${BANKCHURN_PORT:-8000}:8000']);
  expect(services['bankchurn']!.container_name).toBe('${BANKCHURN_CONTAINER:-bankchurn-demo}');
});

test('our containers get settings that exist, and are sealed', () => {
  const settings = read('configs/config.yaml');
  for (const name of OURS) {
    const keys = Object.keys(services[name]!.environment!);
    expect(keys.filter((key) => !settings.includes(`[${key}]`))).toEqual([]);
    expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  }
});

test('Prometheus scrapes a service at its port; the dashboard shows metrics that exist', async () => {
  const { scrape_configs } = parse(read('configs/prometheus.yaml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  expect(scrape_configs[0]!.static_configs[0]!.targets).toEqual(['bankchurn:8000']);
  const metrics = createMetrics();
  metrics.close();
  const figures = await metrics.registry.getMetricsAsJSON();
  const names = figures.flatMap(({ name, type }) =>
    String(type) === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  );
  const { panels } = JSON.parse(read('configs/grafana/dashboards/bankchurn.json')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const used = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/[a-z]+(?:_[a-z0-9]+)+/g) ?? []),
  );
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((name) => name !== 'histogram_quantile' && !names.includes(name))).toEqual([]);
});

test('the Dockerfile asks no one for its syntax and ends as nobody in particular', () => {
  const dockerfile = read('Dockerfile');
  expect(dockerfile).not.toMatch(/^#\s*syntax=/im);
  expect(dockerfile.match(/^FROM .*/gm)).toEqual([
    'FROM ${NODE_IMAGE} AS modules',
    'FROM ${NODE_IMAGE} AS build',
    'FROM ${DEBIAN_IMAGE}',
  ]);
  expect(read('.dockerignore')).toMatch(/^\*$/m);
});
