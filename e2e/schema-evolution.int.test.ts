/**
 * One more input in the customer schema, with a live stream: scorers with the former customer schema and with the new one in one
 * group, producers of both schemas and of the release before there was one, in JSON and in Avro; a model without the input, one with it,
 * and back.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import avsc from 'avsc';
import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { readScore } from '../cli/consume.ts';
import { packageRoot } from '../cli/context.ts';
import { activateModel, releaseModel, rollbackModel } from '../cli/models-change.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { copyOfSchema } from '../models/customer-copy.ts';
import { checkInputs } from '../models/customer-schema.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease, writeRelease } from '../models/store.io.ts';
import { withVersion } from '../models/version.ts';
import { createSimulator } from '../producers/simulator.ts';
import { customerEventAvro } from '../schemas/customer/avro.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { CustomerEvent, CustomerSchema } from '../schemas/customer/schema.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { splitDataset } from '../training/split.ts';
import { trainRelease } from '../training/train.ts';
import { BEFORE_CUSTOMER_SCHEMA, formerRelease } from './former-release.ts';
import { expectedScores } from './rescore.ts';
import { collect, createWorld, produceRaw, settled, type World } from './world.ts';

const TIERS = ['bronze', 'silver', 'gold', null] as const;
const ENTRY = '  - { name: loyaltyTier, type: category, aliases: [LoyaltyTier] }\n';

let folder: string;
let former: string | undefined;
const ends: (() => void | Promise<void>)[] = [];
beforeAll(async () => {
  former = await formerRelease(BEFORE_CUSTOMER_SCHEMA, (end) => ends.push(end));
  folder = await mkdtemp(join(tmpdir(), 'bankchurn-evolution-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  for (const end of ends) await end();
});

/** The shipped schema with one entry more. */
async function schemaWithTier(): Promise<string> {
  const file = join(folder, 'customer.yaml');
  const shipped = await readFile(join(packageRoot(), 'configs/customer.yaml'), 'utf8');
  await writeFile(file, shipped.replace('\nlabel:', `${ENTRY}\nlabel:`));
  return file;
}

/** Customers of whom those with a low tier leave more often. */
function customers(count: number, seed: number): { event: CustomerEvent; churned: boolean }[] {
  const next = createSimulator({ seed, startMs: Date.now(), stepMs: 1, idPrefix: `c${String(seed)}-` });
  return Array.from({ length: count }, (_, i) => {
    const { event, churned } = next();
    const loyaltyTier = TIERS[i % TIERS.length]!;
    return { event: { ...event, loyaltyTier }, churned: loyaltyTier === 'bronze' ? true : churned };
  });
}

/** A model that was trained again, on the tier too. */
function retrained(customer: CustomerSchema): Release {
  const all = customers(2000, 3);
  const dataset = {
    name: 'retrained',
    sha256: 'of-no-file',
    events: all.map(({ event }) => event),
    labels: Uint8Array.from(all, ({ churned }) => Number(churned)),
    rowNumbers: all.map((_, i) => i + 1),
  };
  return trainRelease(dataset, splitDataset(dataset, 1), { customer, parameters: { rounds: 10 } }).release;
}

function withCopy({ manifest, ...release }: Release): Release {
  const features = manifest.features.map(({ name }) => name);
  return { ...release, manifest: withVersion({ ...manifest, customer: copyOfSchema(BANK, features) }) };
}

type Encode<T = object> = (event: T) => Buffer | string;

/** Registers a schema under the events' subject, as its producer does. */
async function avroProducer({ context }: World, schema: unknown): Promise<Encode> {
  const subject = `${context.config.topics.names.customerEvents}-value`;
  const answer = await fetch(`${inject('kafka').registryUrl!}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = (await answer.json()) as { id?: number };
  if (id === undefined) throw new Error(`the registry refuses the schema: ${String(answer.status)}`);
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  return (event) => {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    return Buffer.concat([header, type.toBuffer(event)]);
  };
}

const withoutTier = (event: CustomerEvent): object => ({ ...event, loyaltyTier: undefined });

/** Producers of the former release and of this one, in both encodings. */
async function producers(world: World, formerFolder: string): Promise<readonly Encode<CustomerEvent>[]> {
  const before = JSON.parse(await readFile(join(formerFolder, 'schemas/customer-event.avsc'), 'utf8')) as unknown;
  const old = await avroProducer(world, before);
  const now = await avroProducer(world, customerEventAvro(world.context.config.customer));
  return [
    (event) => old(withoutTier(event)),
    now,
    (event) => JSON.stringify(withoutTier(event)),
    (event) => JSON.stringify(event),
    (event) => JSON.stringify({ ...withoutTier(event), LoyaltyTier: event['loyaltyTier'] }),
  ];
} // prettier-ignore

/** Sends all the time until it is stopped; each event by another producer than the one before. */
function stream(world: World, encoders: readonly Encode<CustomerEvent>[]): { stop(): Promise<string[]> } {
  const ids: string[] = [];
  let isOver = false;
  const sending = (async () => {
    for (let seed = 100; !isOver; seed++) {
      const some = customers(200, seed).map(({ event }) => event);
      ids.push(...some.map(({ eventId }) => eventId));
      await produceRaw(
        world,
        some.map((event, i) => ({ key: event.customerId, value: encoders[i % encoders.length]!(event) })),
      );
      await sleep(100);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await sending;
      return ids;
    },
  };
}

interface Health {
  readonly model_version: string | undefined;
  readonly model_fault: string | null | undefined;
}
const health = async ({ port }: ServiceProcess): Promise<Health> =>
  (await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as Health;
const serves = (service: ServiceProcess, version: string): Promise<void> =>
  vi.waitFor(async () => expect((await health(service)).model_version).toBe(version), {
    timeout: 40_000,
    interval: 100,
  });

test(
  'a further input: old and new scorers, producers and models side by side; nothing lost, doubled or dead-lettered',
  { timeout: 300_000 },
  async ({ skip }) => {
    if (former === undefined) skip('this clone has no commit of the release before');
    const a = await readRelease(join(former!, 'models/champion'));
    const MODEL_DIR = join(folder, 'a');
    await writeRelease(MODEL_DIR, a);
    const world = await createWorld({ env: { CUSTOMER_SCHEMA: await schemaWithTier(), MODEL_DIR } });
    const { context } = world;
    const encoders = await producers(world, former!);
    const out = await collect(world);
    const { customer } = context.config;
    const b = retrained(customer);
    // The same model with a copy of the schema, as it is trained now: the old scorers serve it too.
    const copied = withCopy(a);
    const [A, B] = [a.manifest.version, b.manifest.version];
    expect(b.manifest.features.at(-1)).toMatchObject({ name: 'loyaltyTier', kind: 'categorical' });
    const prove = async (release: Release): Promise<void> => {
      checkInputs(release.manifest, customer);
      await proveRelease(release);
    };
    const operator = { ...context, modelLog: modelLogOf(context), prove, say: () => undefined };
    // The command would end with the first scorer's word, which may be the refusal of the old one.
    const waiting = { wait: false, timeout: 1 };

    const lines: string[] = [];
    const CUSTOMER_SCHEMA = join(packageRoot(), 'configs/customer.yaml');
    const keep = (line: string): number => lines.push(line);
    const old = await startService({ ...world.env, CUSTOMER_SCHEMA }, ['scorer'], undefined, [], keep);
    onTestFinished(() => old.kill().then(() => undefined));
    await serves(old, A);
    const live = stream(world, encoders);
    const ours = await world.start({}, ['scorer']);
    await serves(ours, A);
    /** Waits until both have gone on. */
    const goesOn = async (what: string): Promise<void> => {
      const before = out.scores.length;
      await settled(() => out.scores.length > before + 2000, what, 40_000, 0);
    };
    await goesOn('scores of model A by both scorers');

    const activate = async (release: Release): Promise<void> => {
      const path = join(folder, release.manifest.version);
      await writeRelease(path, release);
      await releaseModel(operator, path);
      await activateModel(operator, release.manifest.version, waiting);
    };
    await activate(copied);
    await Promise.all([old, ours].map((scorer) => serves(scorer, copied.manifest.version)));
    await activate(b);
    await serves(ours, B);
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(/refused.*loyaltyTier|loyaltyTier.*refused/), 20_000);
    expect((await health(old)).model_version).toBe(copied.manifest.version);
    await goesOn('scores by the old and the new model');

    await rollbackModel(operator, { ...waiting, to: A });
    await serves(ours, A);
    await goesOn('scores after the rollback');
    const ids = await live.stop();
    await settled(() => out.scores.length >= ids.length, 'a score of each event', 60_000);

    const scores = await Promise.all(out.scores.map((record) => readScore(record, context.registry)));
    expect(out.deadLetters).toHaveLength(0);
    expect(scores.map(({ eventId }) => eventId).sort()).toEqual([...ids].sort());
    const versions = scores.map(({ modelVersion }) => modelVersion);
    expect(new Set(versions)).toEqual(new Set([A, copied.manifest.version, B]));
    const first = versions.indexOf(B);
    expect(versions.slice(first, versions.lastIndexOf(B))).toContain(copied.manifest.version); // the old scorer stayed
    expect(versions.at(-1)).toBe(A);

    const expected = await expectedScores(world, [a, copied, b]);
    const different = out.scores.filter(
      ({ value }, i) => !value!.equals(expected.get(`${versions[i]!} ${scores[i]!.scoreId}`)!),
    );
    expect(different).toHaveLength(0);
  },
); // prettier-ignore
