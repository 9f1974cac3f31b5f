import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BANK } from '../customer/bank.fixture.ts';
import { csvColumns } from './columns.ts';
import { isRowErrors, readCustomer } from './customer.ts';
import { openCsv } from './rows.io.ts';
import type { Chunks } from './text.io.ts';

const INPUTS = csvColumns(BANK).all.filter(({ role }) => role === 'input');
const HEADER = `Surname,${INPUTS.map(({ name }) => name).join()}`;
const ROW = 'Müller,600,France,Female,41,3,1500.5,1,1,0,9000.25';
const NEEDS = { needed: INPUTS.map(({ field }) => field), allowed: [] };

/** The rows as a list, or the error. */
async function readAll(input: Chunks): Promise<readonly (readonly [line: number, cells: string])[] | string> {
  try {
    const rows: [number, string][] = [];
    for await (const { line, cells } of (await openCsv(input, 'f', NEEDS, BANK)).rows)
      rows.push([line, cells.join('·')]);
    return rows;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Bytes cut at the given places. */
function* cut(bytes: Buffer, places: readonly number[]): Generator<Buffer> {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(from, end);
    from = end;
  }
}
const places = fc.array(fc.nat(2000), { maxLength: 20 });

describe('the CSV reader', () => {
  const files: [name: string, lines: readonly number[] | string, file: Buffer][] = [
    [
      'UTF-8',
      [3, 6, 7],
      Buffer.from(`\uFEFF\n${HEADER}\r\n${ROW}\r\n\r\n"Ö\r\n""q"""${ROW.slice(6)}\n${ROW}`),
    ],
    ['CR alone', [2, 4], Buffer.from(`${HEADER}\r${ROW}\r\r${ROW}\r`)],
    ['UTF-16', [2, 3], Buffer.from(`\uFEFF${HEADER}\r\n${ROW}\r\n😀${ROW.slice(6)}`, 'utf16le')],
    [
      'UTF-16 big-endian',
      [2, 3],
      Buffer.from(`\uFEFF${HEADER}\n${ROW}\n😀${ROW.slice(6)}`, 'utf16le').swap16(),
    ],
    ['gzip', [2, 3], gzipSync(`${HEADER}\n${ROW}\n${ROW}\n`)],
    [
      'half a character in UTF-16',
      'line 3: half a character in UTF-16',
      Buffer.from(`\uFEFF${HEADER}\n${ROW}\n\ud83d${ROW}`, 'utf16le'),
    ],
    [
      'half a character at the end of UTF-16',
      'line 2: half a character in UTF-16',
      Buffer.from(`\uFEFF${HEADER}\n${ROW}\ud83d`, 'utf16le'),
    ],
    [
      'a bad byte',
      'line 3, column Surname (1): byte 0xFC is not UTF-8',
      Buffer.concat([Buffer.from(`${HEADER}\n${ROW}\nM`), Buffer.of(0xfc), Buffer.from(ROW.slice(2))]),
    ],
    [
      'a stray quote',
      'line 4, column Surname (1): a quote inside a cell',
      Buffer.from(`${HEADER}\n\n${ROW}\nM"${ROW}`),
    ],
  ];

  it.each(files)('reads %s the same however its bytes are cut', async (_, lines, file) => {
    const whole = await readAll([file]);
    if (typeof lines === 'string') expect(whole).toContain(lines);
    else {
      expect(whole).toHaveLength(lines.length);
      for (const [i, [line, cells]] of (whole as [number, string][]).entries())
        expect([line, cells]).toEqual([lines[i], expect.stringMatching(/^\S+\s?\S+·600·.+·9000.25$/)]);
    }
    await fc.assert(
      fc.asyncProperty(places, async (at) => {
        expect(await readAll(cut(file, at))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a line of more than a megabyte, in one piece too', async () => {
    const long = Buffer.from(`${HEADER}\n${ROW}\n${'x'.repeat(1_000_001)}\n${ROW}`);
    expect(await readAll([long])).toContain('line 3: a line of more than a megabyte');
    expect(await readAll(cut(long, [500_000]))).toContain('line 3: a line of more than a megabyte');
  });

  it('reads any bytes or refuses them with file and line', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const text = fc.array(fc.constantFrom('"', ',', ';', '\n', '\r', '\0', 'a', '1', '.', ' ', 'ä'), {
      maxLength: 80,
    });
    const tail = fc.oneof(
      bytes.map(Buffer.from),
      text.map((some) => Buffer.from(some.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', `${HEADER}\n`, `${HEADER}\n${ROW}\n`),
        tail,
        async (start, end) => {
          const outcome = await readAll([Buffer.concat([Buffer.from(start), end])]);
          if (typeof outcome === 'string') expect(outcome).toMatch(/^f:\n {2}(line \d+|gzip)[,:]/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('holds one row at a time, and stops the source when nobody reads on', async () => {
    let [made, isClosed] = [0, false];
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from(`${HEADER}\n`);
        for (;;) {
          made += 1;
          await Promise.resolve();
          yield Buffer.from(`${ROW}\n`.repeat(1000));
        }
      } finally {
        isClosed = true;
      }
    }
    let rows = 0;
    for await (const row of (await openCsv(endless(), 'f', NEEDS, BANK)).rows) {
      expect(row.cells).toHaveLength(11);
      if (++rows === 20_000) break;
    }
    expect(made).toBeLessThan(40 + 20);
    await expect.poll(() => isClosed).toBe(true);
  });

  it('closes the source of a file that it refuses', async () => {
    for (const start of ['Age\n1\n', '{"a":1}\n', 'PK\x03\x04', '\xff\xfe\x00']) {
      let isClosed = false;
      async function* source(): AsyncGenerator<Buffer> {
        try {
          for (;;) {
            await Promise.resolve();
            yield Buffer.from(start, 'latin1');
          }
        } finally {
          isClosed = true;
        }
      }
      expect(await readAll(source())).toMatch(/^f:\n {2}line 1/);
      await expect.poll(() => isClosed).toBe(true);
    }
  });

  it.each([
    ['one line without an end', 'x'],
    ['separators without an end', ','],
    ['a quoted cell of lines', 'x\n'],
  ])('bounds %s', async (_, filler) => {
    let sent = 0;
    function* source(): Generator<Buffer> {
      yield Buffer.from(`${HEADER}\n${filler === 'x\n' ? '"' : ''}`);
      while (sent < 100_000_000) {
        const chunk = Buffer.from(filler.repeat(50_000 / filler.length));
        sent += chunk.length;
        yield chunk;
      }
    }
    expect(await readAll(source())).toMatch(/^f:\n {2}line 2/);
    expect(sent).toBeLessThan(4_000_000);
  });
});

it('never throws on a row of any cells, and reads numbers as they are written', async () => {
  const { header } = await openCsv([Buffer.from(`${HEADER}\n${ROW}\n`)], 'f', NEEDS, BANK);
  const cells = fc.array(fc.oneof(fc.string(), fc.double().map(String)), { minLength: 11, maxLength: 11 });
  fc.assert(
    fc.property(cells, (some) => {
      const read = readCustomer(header, { line: 2, cells: some }, 0, 1.7e12);
      if (isRowErrors(read))
        for (const error of read) expect(error).toMatch(/^line 2(, column .+ \(\d+\))?: .+: .+/s);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e30, noNaN: true }), (balance) => {
      const some = ROW.split(',').map((cell, i) => (i === 6 ? String(balance) : cell));
      const read = readCustomer(header, { line: 2, cells: some }, 0, 1.7e12);
      expect(isRowErrors(read) ? read : read.event.balance).toBe(balance);
    }),
  );
});
