/** Ids of events, one a row: as texts, or where they lie in the bytes of a record, which costs less than a text of each. */
export class Ids {
  readonly #texts: string[] = [];
  readonly #bytes: Buffer[] = [];
  readonly #starts: Int32Array;
  /** -1: there is a text. */
  readonly #lengths: Int32Array;
  #longest = 0;

  constructor(capacity: number) {
    this.#starts = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
  }

  at(row: number): string {
    const length = this.#lengths[row]!;
    if (length < 0) return this.#texts[row]!;
    const start = this.#starts[row]!;
    return this.#bytes[row]!.toString('latin1', start, start + length);
  }
  /** The longest id, in UTF-16 units. */
  get longest(): number {
    return this.#longest;
  }
  setText(row: number, text: string): void {
    if (text.length > this.#longest) this.#longest = text.length;
    this.#texts[row] = text;
    this.#lengths[row] = -1;
  }
  /** An id that is ASCII without quotes, backslashes and control characters: it is the same in JSON and in UTF-8. */
  setBytes(row: number, bytes: Buffer, start: number, length: number): void {
    if (length > this.#longest) this.#longest = length;
    this.#bytes[row] = bytes;
    this.#starts[row] = start;
    this.#lengths[row] = length;
  }
  /** Bytes of an id that was set as bytes; -1: it is a text. */
  lengthAt(row: number): number {
    return this.#lengths[row]!;
  }
  /** 32 bits of an id, the same whether it was set as bytes or as a text: FNV-1a, mixed at the end as MurmurHash3 does. */
  hashAt(row: number): number {
    const length = this.#lengths[row]!;
    let hash =
      length < 0 ? hashText(this.#texts[row]!) : hashBytes(this.#bytes[row]!, this.#starts[row]!, length);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
  /** Copies an id that was set as bytes, and returns where the copy ends. */
  copy(row: number, out: Uint8Array, at: number): number {
    const bytes = this.#bytes[row]!;
    const start = this.#starts[row]!;
    const length = this.#lengths[row]!;
    for (let i = 0; i < length; i++) out[at + i] = bytes[start + i]!;
    return at + length;
  }
}

const [FNV_START, FNV_PRIME] = [0x811c9dc5, 0x01000193];

function hashBytes(bytes: Buffer, start: number, length: number): number {
  let hash = FNV_START;
  for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash;
}

/** As `hashBytes` of its characters: an id that was set as bytes is ASCII. */
function hashText(text: string): number {
  let hash = FNV_START;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash;
}

/** Some of the ids, in the order given. */
export function pickIds(ids: Ids, rows: readonly number[]): Ids {
  const picked = new Ids(rows.length);
  rows.forEach((row, i) => picked.setText(i, ids.at(row)));
  return picked;
}
