import type { Random } from '../../schemas/random.ts';

/** A decoder under test. */
export interface FuzzTarget {
  readonly name: string;
  /** Good records, which are damaged byte by byte. */
  readonly records: readonly Buffer[];
  /** A record with odd values, as a program could write it. */
  readonly odd: (random: Random) => Buffer;
  /** Decodes; returns the code of a refusal, or `ok`. Whatever it throws without a code is a finding. */
  readonly decode: (bytes: Buffer) => string | Promise<string>;
}
