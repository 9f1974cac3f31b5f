/** `bankchurn offsets`: where a role goes on, and an operator's word on it. */
import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { againMark } from '../consumers/counts-origin.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { openOperatorsWriter } from '../kafka/writers.ts';
import { ROLES, roleTopics, type RoleName, type RoleTopics } from '../service/role-topics.ts';
import { say, withConfig, type Context, withContext } from './context.ts';
import { inspectPartitions, type PartitionReport } from './inspect-offsets.ts';
import { wholeNumber } from './options.ts';
import { print } from './printable.ts';

interface Options {
  readonly config: string;
  readonly role: RoleName;
}

export function offsetsCommand(): Command {
  const role = (): Option =>
    new Option('--role <role>', 'whose offsets').choices(ROLES).default('scorer' satisfies RoleName);
  const show = withConfig(new Command('show'))
    .description(
      'of each partition: committed offset, what the broker holds, the last outputs, what the service would do',
    )
    .addOption(role())
    .option('--json', 'one JSON object per partition')
    .action(async (options: Options & { json?: true }) => {
      await withContext(options, async (context) => {
        const reports = await inspectPartitions(context, options.role);
        for (const report of reports)
          print(options.json === true ? JSON.stringify(report) : describe(report));
      });
    });
  const adopt = withConfig(new Command('adopt'))
    .description(
      'say where a stopped role goes on: commits offsets, with the id of the topic that is there now',
    )
    .requiredOption(
      '--from <place>',
      'outputs | committed | earliest | latest | a time (ISO 8601 or milliseconds)',
      place,
    )
    .addOption(role())
    .option('--partition <number...>', 'only these partitions', collectNumbers)
    .option('--yes', 'do it without asking')
    .action(async (options: AdoptOptions) =>
      withContext(options, (context) => adoptOffsets(context, options)),
    );
  return new Command('offsets').description('where the roles go on').addCommand(show).addCommand(adopt);
}

const collectNumbers = (text: string, before: number[] = []): number[] => [...before, wholeNumber(text)];

const number = (value: number | null): string => (value === null ? 'none' : String(value));

function describe({ partition, low, high, topicId, committed, outputs, verdict }: PartitionReport): string[] {
  const of = (id: string | null): string => (id === null ? 'unknown' : id === topicId ? 'this one' : id);
  const group = committed === null ? 'none' : `${String(committed.offset)} (topic ${of(committed.topicId)})`;
  const written = outputs.map(({ topic, end, group: writer, topicId: id }) =>
    `    last of ${topic}: next offset ${number(end)}, group ${writer ?? 'unknown'}, topic ${of(id)}`); // prettier-ignore
  const first = `partition ${String(partition)}: holds ${String(low)}..${String(high)}, topic id ${topicId ?? 'unknown'}, committed ${group}`;
  return [first, ...written, `    ${verdict}`];
}

const PLACES = ['outputs', 'committed', 'earliest', 'latest'] as const;
type Place = (typeof PLACES)[number] | { readonly timestampMs: number };

function place(text: string): Place {
  const known = PLACES.find((name) => name === text);
  if (known !== undefined) return known;
  const timestampMs = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(timestampMs)) return { timestampMs };
  throw new InvalidArgumentError(`known are ${PLACES.join(', ')}, or a time (ISO 8601 or milliseconds).`);
}

interface AdoptOptions extends Options {
  readonly from: Place;
  readonly partition?: readonly number[];
  readonly yes?: true;
}

/** One partition, and where it is to go on. */
interface Adoption {
  readonly report: PartitionReport;
  readonly offset: number;
}

async function adoptOffsets(context: Context, options: AdoptOptions): Promise<void> {
  const { kafka, config } = context;
  const role = roleTopics(options.role, config);
  await assertStopped(kafka, role);
  const all = await inspectPartitions(context, options.role);
  const chosen = all.filter(({ partition }) => options.partition?.includes(partition) ?? true);
  const unknown =
    options.partition?.filter((wanted) => !all.some(({ partition }) => partition === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`${role.topic} has no partition ${unknown.join(', ')}`);
  const since =
    typeof options.from === 'string'
      ? new Map<number, number>()
      : await offsetsSince(kafka, role.topic, options.from.timestampMs);
  const adoptions = chosen.map((report) => ({ report, offset: targetOf(report, options.from, since) }));
  for (const { report, offset } of adoptions) {
    const waiting = `${String(report.high - offset)} records to process`;
    print(
      `${role.topic}/${String(report.partition)}: ${number(report.committed?.offset ?? null)} → ${String(offset)} (${waiting})`,
    );
  }
  if (!(await isConfirmed(options, role))) throw new Error('nothing was changed: confirm with --yes');
  await commitAll(
    kafka,
    role,
    options.role === 'scorer' ? config.topics.names.driftCounts : undefined,
    adoptions,
  );
  say(`${role.groupId}: committed; start the service`);
}

/** A running member would go on where it is, and commit over what is said here. */
async function assertStopped(kafka: KafkaClient, { groupId }: RoleTopics): Promise<void> {
  const members = await kafka.administer((admin) => admin.groupMembers(groupId));
  if (members > 0)
    throw new Error(
      `${groupId} has ${String(members)} running members: stop the service first (one that was killed counts until its session has ended)`,
    );
}

const offsetsSince = (
  kafka: KafkaClient,
  topic: string,
  timestampMs: number,
): Promise<ReadonlyMap<number, number>> =>
  kafka.administer((admin) => admin.offsetsSince(topic, timestampMs));

function targetOf(report: PartitionReport, from: Place, since: ReadonlyMap<number, number>): number {
  const { partition, low, high } = report;
  if (from === 'earliest') return low;
  if (from === 'latest') return high;
  if (typeof from !== 'string') return since.get(partition) ?? high;
  const offset = from === 'committed' ? committedOf(report) : outputsEnd(report);
  return inRange(report, from, offset);
}

function committedOf({ partition, committed }: PartitionReport): number {
  if (committed === null) throw new Error(`partition ${String(partition)} has no committed offset`);
  return committed.offset;
}

/** After the last score or dead letter, whoever wrote it: that it counts is what the operator says. Not that of another topic. */
function outputsEnd({ partition, low, topicId, outputs }: PartitionReport): number {
  const former = outputs.find((output) => output.topicId !== null && output.topicId !== topicId);
  if (former !== undefined)
    throw new Error(
      `the last record of ${former.topic}/${String(partition)} is of another topic of this name (id ${String(former.topicId)}): ` +
        'its offset means nothing here. Choose earliest, latest or a time',
    );
  return Math.max(...outputs.map(({ end }) => end ?? low), low);
}

function inRange({ partition, low, high }: PartitionReport, from: string, offset: number): number {
  if (offset >= low && offset <= high) return offset;
  throw new Error(
    `partition ${String(partition)}: ${from} says ${String(offset)}, and the broker holds ${String(low)}..${String(high)}: choose earliest, latest or a time`,
  );
}

async function isConfirmed({ yes }: AdoptOptions, { groupId }: RoleTopics): Promise<boolean> {
  if (yes === true) return true;
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `commit these offsets for ${groupId}? What lies between is scored again, or never. [yes/no] `,
  );
  terminal.close();
  return answer.trim().toLowerCase() === 'yes';
}

/** @param counts the topic of drift counts, if the role writes them: a mark says there that events may count twice. */
async function commitAll(
  kafka: KafkaClient,
  role: RoleTopics,
  counts: string | undefined,
  adoptions: readonly Adoption[],
): Promise<void> {
  const { groupId, topic } = role;
  const noted = await kafka.administer((admin) => admin.committedOffsets(groupId, topic));
  for (const { report, offset } of adoptions) {
    const { partition } = report;
    const writers = noted.get(partition)?.writers ?? [];
    const writer = await openOperatorsWriter(kafka, { groupId, topic, partition }, role, writers);
    try {
      const transaction = await writer.begin();
      const source = { topic, partition, topicId: report.topicId ?? undefined };
      if (counts !== undefined)
        await transaction.send({ topic: counts, partition: 0, records: [againMark(groupId, source)] });
      await transaction.sendOffsets(source.topic, source.partition, offset, source.topicId);
      await transaction.commit();
    } finally {
      await writer.close().catch(() => undefined);
    }
  }
}
