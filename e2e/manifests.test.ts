/** What a schema cannot say of k8s/: that its parts fit each other, the program and the rules for pods. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../config-file.io.ts';
import { createMetrics } from '../service/metrics.io.ts';
import { startSidecar } from '../service/sidecar.io.ts';
import { combineHealth } from '../service/workers.ts';
import { ROLES } from '../service/role-topics.ts';

type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly requests: object; readonly limits: Labels };
  readonly securityContext: object;
}
interface Pod {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Container[];
  readonly topologySpreadConstraints?: readonly {
    readonly labelSelector: { readonly matchLabels: Labels };
  }[];
  readonly volumes: readonly Readonly<Record<string, { readonly secretName?: string }>>[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels; readonly namespace?: string };
  readonly data: Labels;
  readonly automountServiceAccountToken?: boolean;
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly strategy: { readonly rollingUpdate: object };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly podSelector: { readonly matchLabels: Labels };
    readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
    readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[];
  };
}

const FILES = readdirSync('k8s').filter((name) => name.endsWith('.yaml'));
const read = (path: string): Manifest[] =>
  parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Manifest);
const manifests = FILES.flatMap((name) => read(`k8s/${name}`));
const only = (kind: string): Manifest => {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  expect([kind, found.length]).toEqual([kind, 1]);
  return found[0]!;
};
const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
const podsOf = (): [string, Pod][] =>
  deployments.map(({ metadata, spec }) => [metadata.name, spec.template.spec]);
const config = loadConfig({ path: 'configs/config.yaml', env: only('ConfigMap').data });
const SETTINGS = readFileSync('configs/config.yaml', 'utf8');

test('the names others rely on, and all files are in the base', () => {
  expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual([
    'bankchurn-api',
    'bankchurn-monitor',
    'bankchurn-trainer',
  ]);
  expect(read('k8s/deployment.yaml')[0]!.metadata.name).toBe('bankchurn-api');
  expect(read('k8s/service.yaml')[0]!.metadata.name).toBe('bankchurn-api');
  const base = parse(readFileSync('k8s/Kustomization', 'utf8')) as {
    resources: string[];
    images: { name: string; newTag: string }[];
  };
  expect([...base.resources].sort()).toEqual([...FILES].sort());
  const { version } = parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(base.images).toEqual([{ name: 'bankchurn', newTag: version }]);
  for (const [, { containers }] of podsOf()) expect(containers[0]!.image).toBe(`bankchurn:${version}`);
});

test('every selector matches the labels of the pods it means, and of those alone', () => {
  const matches = (selector: Labels): string[] =>
    deployments
      .filter(({ spec }) =>
        Object.entries(selector).every(([key, value]) => spec.template.metadata.labels[key] === value),
      )
      .map(({ metadata }) => metadata.name);
  for (const { metadata, spec } of deployments) {
    expect(matches(spec.selector.matchLabels)).toEqual([metadata.name]);
    expect(metadata.labels).toEqual(spec.template.metadata.labels);
    for (const { labelSelector } of spec.template.spec.topologySpreadConstraints ?? [])
      expect(matches(labelSelector.matchLabels)).toEqual([metadata.name]);
  }
  expect(matches(only('Service').spec.selector as unknown as Labels)).toEqual(['bankchurn-api']);
  expect(matches(only('PodDisruptionBudget').spec.selector.matchLabels)).toEqual(['bankchurn-api']);
  expect(matches(only('NetworkPolicy').spec.podSelector.matchLabels)).toHaveLength(deployments.length);
  expect(deployments.find(({ metadata }) => metadata.name === 'bankchurn-api')!.spec).toHaveProperty(
    'template.spec.topologySpreadConstraints.length',
    2,
  );
});

test('ports: the service’s, the pods’, the policy’s and the configuration’s are the same', () => {
  const [port] = (only('Service').spec as unknown as { ports: { port: number; targetPort: string }[] }).ports;
  for (const [, { containers }] of podsOf())
    expect(containers[0]!.ports).toEqual([{ name: port!.targetPort, containerPort: config.http.port }]);
  expect(port!.port).toBe(config.http.port);
  const { ingress, egress } = only('NetworkPolicy').spec;
  expect(ingress.flatMap(({ ports }) => ports.map((rule) => rule.port))).toEqual([port!.targetPort]);
  const open = egress.flatMap(({ ports }) => ports.map((rule) => rule.port));
  const portOf = (url: string): number => Number(new URL(url).port || '443');
  const needed = [
    53,
    ...config.kafka.brokers.map((broker) => Number(broker.split(':')[1])),
    portOf(config.registry.url!),
    portOf(config.mlflow.uri),
  ];
  expect(needed.filter((number) => !open.includes(number))).toEqual([]);
});

test('the configuration: its keys are settings, its names exist', () => {
  const { metadata, data } = only('ConfigMap');
  expect(Object.keys(data).filter((key) => !SETTINGS.includes(`[${key}]`))).toEqual([]);
  const secret = read('k8s/examples/secret.yaml')[0]!.metadata.name;
  for (const [, pod] of podsOf()) {
    expect(pod.containers[0]!.envFrom).toEqual([{ configMapRef: { name: metadata.name } }]);
    expect(pod.serviceAccountName).toBe(only('ServiceAccount').metadata.name);
    expect(pod.volumes).toEqual([
      { name: 'secrets', secret: { secretName: secret, optional: true, defaultMode: 0o440 } },
    ]);
  }
  const named = [...readFileSync('k8s/examples/secret.yaml', 'utf8').matchAll(/^# {3}([A-Z_]+):/gm)];
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter(([, key]) => !SETTINGS.includes(`[${key!}]`))).toEqual([]);
});

test('each role has its deployment, and each deployment its role', () => {
  const args = podsOf().map(([, { containers }]) => containers[0]!.args);
  expect(args.every(([command, option]) => command === 'serve' && option === '--roles')).toBe(true);
  const roles = args.map(([, , role]) => role);
  expect([...roles].sort()).toEqual([...ROLES].sort());
});

test('probes ask real routes, and Kafka being away restarts nothing', async () => {
  const metrics = createMetrics();
  // Started, without a model, Kafka not answering.
  const health = () =>
    combineHealth([], { configured: 1, stopping: false, uptimeSeconds: 1, nowMs: Date.now() });
  const sidecar = await startSidecar({ host: '127.0.0.1', port: 0, metrics, health });
  onTestFinished(async () => {
    metrics.close();
    await sidecar.close();
  });
  for (const [, { containers }] of podsOf()) {
    const { startupProbe, livenessProbe, readinessProbe, ports } = containers[0]!;
    const ask = async ({ httpGet }: Probe): Promise<number> => {
      expect(httpGet.port).toBe(ports[0]!.name);
      return (await fetch(`http://127.0.0.1:${String(sidecar.port)}${httpGet.path}`)).status;
    };
    expect(await Promise.all([startupProbe, livenessProbe, readinessProbe].map(ask))).toEqual([
      200, 200, 503,
    ]);
  }
});

test('pod security "restricted", field by field; no token, no service links', () => {
  const HOST = ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'initContainers', 'ephemeralContainers'];
  const VOLUMES = ['name', 'configMap', 'emptyDir', 'projected', 'secret', 'downwardAPI'];
  expect(only('ServiceAccount').automountServiceAccountToken).toBe(false);
  for (const [name, pod] of podsOf()) {
    expect(Object.keys(pod).filter((key) => HOST.includes(key))).toEqual([]);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(pod).toHaveProperty('securityContext', {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.volumes.flatMap((volume) => Object.keys(volume)).filter((key) => !VOLUMES.includes(key))).toEqual([]); // prettier-ignore
    expect([name, pod.containers.length]).toEqual([name, 1]);
    const [container] = pod.containers;
    expect(container!.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container!.ports.every((port) => !('hostPort' in port))).toBe(true);
    expect(container!.resources).toMatchObject({
      requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
      limits: { memory: expect.any(String) as string },
    });
  }
  // The same user as the image's.
  expect(readFileSync('Dockerfile', 'utf8')).toContain('\nUSER 10001:10001\n');
});

test('one pod at a time, and no stop is cut short', () => {
  for (const { metadata, spec } of deployments) {
    const isScorer = metadata.name === 'bankchurn-api';
    expect(spec.strategy.rollingUpdate).toEqual(
      isScorer ? { maxUnavailable: 0, maxSurge: 1 } : { maxUnavailable: 1, maxSurge: 0 },
    );
    expect(spec.replicas).toBe(isScorer ? 2 : 1);
    expect(spec.template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
      config.limits.stopBudgetMs,
    );
  }
});
