/**
 * Committed offsets expire when a group is away for long, and deleting a topic deletes them. The outputs say how far a group had
 * come, if they name it and the topic that is there now. Nothing is guessed: what they leave open is for an operator to say.
 */
import type { KafkaClient, WrittenBefore } from '../kafka/port.ts';
import { findLast } from '../kafka/read.ts';
import { topicRecreated } from '../kafka/topic-identity.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { originOf, type OutputOrigin } from './output-origin.ts';

export interface EarlierOutputs {
  readonly kafka: Pick<KafkaClient, 'administer' | 'readRanges'>;
  readonly topic: string;
  /** The topics of scores and dead letters: each output is in the partition of its record. */
  readonly outputs: readonly string[];
  readonly group: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onFound: (partition: number, offset: number) => void;
  /** There are outputs, all of other groups. */
  readonly onNewGroup: (partition: number) => void;
}

/** Offsets of an output partition that are looked at, from its end, for an output of the group. */
const MOST_SEARCHED = 1_000_000;
/** A long search outlives the try that began it: its result is used for so long, milliseconds. */
const SHARED_MS = 60_000;

/** See `ConsumerSettings.writtenBefore`. */
export function createEarlierOutputs(settings: EarlierOutputs): WrittenBefore {
  const search = shareRecent(settings.now, (partition: number) =>
    Promise.all(settings.outputs.map((output) => searchOutput(settings, output, partition))),
  );
  return async (partition, topicId) => {
    const searched = await search(partition);
    const offset = endOf({ ...settings, partition, topicId }, searched);
    if (offset !== undefined) settings.onFound(partition, offset);
    else if (searched.some(({ hasOthers }) => hasOthers)) settings.onNewGroup(partition);
    return offset;
  };
}

/** The same work for the same number is done once at a time, and what it gave is given for some time after. */
function shareRecent<T>(now: () => number, work: (of: number) => Promise<T>): (of: number) => Promise<T> {
  const shared = new Map<number, { readonly result: Promise<T>; endedMs: number }>();
  return (of) => {
    const earlier = shared.get(of);
    if (earlier !== undefined && now() - earlier.endedMs < SHARED_MS) return earlier.result;
    const entry = { result: work(of), endedMs: Infinity };
    shared.set(of, entry);
    entry.result.then(
      () => (entry.endedMs = now()),
      () => shared.delete(of),
    );
    return entry.result;
  };
}

/** What a search in one output partition has found. */
export interface Search {
  /** The newest output that is of our group, or does not say of which. */
  readonly newest: OutputOrigin | undefined;
  /** There are outputs of other groups. */
  readonly hasOthers: boolean;
  /** False: the search was given up before the beginning of the partition. */
  readonly isWhole: boolean;
}

async function searchOutput(
  { kafka, topic, group }: EarlierOutputs,
  output: string,
  partition: number,
): Promise<Search> {
  let hasOthers = false;
  const { record, isWhole } = await findLast(kafka, output, partition, MOST_SEARCHED, (candidate) => {
    const origin = originOf(topic, partition, candidate);
    if (origin === undefined) return false;
    const isOther = origin.group !== undefined && origin.group !== group;
    hasOthers ||= isOther;
    return !isOther;
  });
  const newest = record === undefined ? undefined : originOf(topic, partition, record);
  return { newest, hasOthers, isWhole };
}

/** The input partition, and its topic's present id. */
interface Here {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string | undefined;
  readonly group: string;
}

/**
 * Where the outputs of a group end; undefined: it has written nothing.
 *
 * @throws BankChurnError TOPIC_RECREATED if they are of a former topic; OFFSETS_UNCERTAIN if they do not say.
 */
export function endOf(here: Here, searches: readonly Search[]): number | undefined {
  const { topic, partition, topicId, group } = here;
  const newest = searches.flatMap((search) => search.newest ?? []);
  const isMarked = (origin: OutputOrigin): boolean =>
    origin.group === group && origin.topicId !== undefined && topicId !== undefined;
  const ends = newest
    .filter((origin) => isMarked(origin) && origin.topicId === topicId)
    .map(({ end }) => end);
  const end = Math.max(-1, ...ends);
  const former = newest.find((origin) => isMarked(origin) && origin.topicId !== topicId);
  const place = `the last output of ${group} from ${topic}/${String(partition)} is`;
  if (end === -1 && former !== undefined) throw topicRecreated(topic, place, former.topicId!, topicId!);
  // One that is behind what is known makes no difference.
  const unmarked = newest.find((origin) => !isMarked(origin) && origin.end > end);
  if (unmarked !== undefined) throw uncertain(here, `an output of offset ${String(unmarked.end - 1)} does not name group and topic id (an older release or an old Kafka wrote it)`); // prettier-ignore
  if (searches.some((search) => search.newest === undefined && !search.isWhole))
    throw uncertain(here, `the last ${String(MOST_SEARCHED)} outputs are of other groups`);
  return end === -1 ? undefined : end;
}

const uncertain = ({ topic, partition, group }: Here, why: string): BankChurnError =>
  new BankChurnError(
    'OFFSETS_UNCERTAIN',
    `${group} has no committed offset for ${topic}/${String(partition)}, and ${why}: nothing says where it had come to. ` +
      'See `bankchurn offsets show`. If the outputs are this group’s, of this topic: `bankchurn offsets adopt --from outputs`. ' +
      'If the group is new: `bankchurn offsets adopt --from earliest` (or latest, or a time). Then start again.',
  );
