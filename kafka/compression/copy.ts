/** Up to so many bytes a loop is quicker than a call. */
const SHORT = 32;

/** Copies `length` bytes of `bytes[at]` and on to `out[to]` and on. */
export function copyBytes(bytes: Buffer, at: number, out: Buffer, to: number, length: number): void {
  if (length > SHORT) bytes.copy(out, to, at, at + length);
  else for (let i = 0; i < length; i++) out[to + i] = bytes[at + i]!;
}

/** Continues `out` at `to` with what lies `distance` bytes before; where that is less than `length`, it repeats. */
export function repeatBytes(out: Buffer, distance: number, to: number, length: number): void {
  const from = to - distance;
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) out[to + i] = out[from + i]!;
    return;
  }
  const end = to + length;
  // What is there doubles with each copy.
  for (let at = to; at < end;) {
    const size = Math.min(at - from, end - at);
    out.copyWithin(at, from, from + size);
    at += size;
  }
}
