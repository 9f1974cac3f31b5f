/** Output partitions: records with a producer's sequence, open until a marker of that producer decides about them. */
import { BankChurnError } from '../../schemas/errors.ts';

/** A producer id at one of its epochs. */
export interface ProducerAt {
  readonly producerId: number;
  readonly epoch: number;
}

/** A record of an output partition. */
interface Output {
  readonly value: string;
  state: 'open' | 'committed' | 'aborted';
}

/** What a partition knows of a producer. */
interface ProducerState {
  epoch: number;
  nextSequence: number;
  readonly batches: Map<number, number>;
  /** Without a marker yet: the next one decides, whichever transaction it is of. */
  open: Output[];
}

interface Log {
  readonly records: Output[];
  readonly producers: Map<number, ProducerState>;
}

export interface Outputs {
  /** A sequence that was taken already is not appended twice; a gap is refused. @returns the first record's offset. */
  append(where: string, who: ProducerAt, sequence: number, values: readonly string[]): number;
  mark(where: string, who: ProducerAt, commits: boolean): void;
  /** What a `read_committed` reader sees, in order: nothing behind what is still open. */
  visible(where: string): string[];
}

const refusal = (what: string): BankChurnError => new BankChurnError('TRANSACTION_FAILED', what);

export function createOutputs(): Outputs {
  const logs = new Map<string, Log>();
  const logOf = (where: string): Log => {
    const found = logs.get(where) ?? { records: [], producers: new Map<number, ProducerState>() };
    logs.set(where, found);
    return found;
  };
  return {
    append: (where, who, sequence, values) => {
      const { records, producers } = logOf(where);
      const state = stateOf(producers, who);
      if (who.epoch < state.epoch) throw refusal('INVALID_PRODUCER_EPOCH');
      const known = state.batches.get(sequence);
      if (known !== undefined) return known;
      if (sequence !== state.nextSequence) throw refusal('OUT_OF_ORDER_SEQUENCE_NUMBER');
      const offset = records.length;
      const written = values.map((value): Output => ({ value, state: 'open' }));
      records.push(...written);
      state.open.push(...written);
      state.nextSequence += values.length;
      state.batches.set(sequence, offset);
      return offset;
    },
    mark: (where, who, commits) => {
      const state = stateOf(logOf(where).producers, who);
      for (const output of state.open) output.state = commits ? 'committed' : 'aborted';
      state.open = [];
    },
    visible: (where) => {
      const { records } = logOf(where);
      const firstOpen = records.findIndex(({ state }) => state === 'open');
      return records
        .slice(0, firstOpen === -1 ? undefined : firstOpen)
        .filter(({ state }) => state === 'committed')
        .map(({ value }) => value);
    },
  };
}

/** A new epoch of a producer begins with sequence 0. */
function stateOf(producers: Log['producers'], { producerId, epoch }: ProducerAt): ProducerState {
  const known = producers.get(producerId);
  if (known !== undefined && known.epoch >= epoch) return known;
  const state: ProducerState = { epoch, nextSequence: 0, batches: new Map(), open: known?.open ?? [] };
  producers.set(producerId, state);
  return state;
}
