/** Files that are odd as a whole: their bytes, rows and quotes. */
import { gzipSync } from 'node:zlib';
import { CLEAN, joined, ofKind, ROWS, TABLE, withCell, type CsvCase, type CsvInput } from './csv-case.ts';

const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');
const packed = gzipSync(CLEAN);

const encodings: readonly CsvInput[] = [
  { input: 'a byte order mark before UTF-8', file: `\uFEFF${CLEAN}`, read: '' },
  { input: 'UTF-16, little-endian', file: utf16(CLEAN), read: '' },
  { input: 'UTF-16, big-endian', file: utf16(CLEAN).swap16(), read: '' },
  {
    input: 'UTF-16 without a byte order mark',
    file: utf16(CLEAN).subarray(2),
    refused:
      'line 1, column 1: a NUL byte (UTF-16 without a byte order mark, or a damaged file?): save the file as UTF-8',
  },
  {
    input: 'UTF-16 that ends within a character',
    file: utf16(CLEAN).subarray(0, -1),
    refused: 'line 4: an odd number of bytes (611) is not UTF-16: save the file as UTF-8',
  },
  { input: 'UTF-16 in gzip', file: gzipSync(utf16(CLEAN)), name: 'customers.csv.gz', read: '' },
  { input: 'an umlaut in UTF-8', file: withCell('Surname', 'Müller'), read: '' },
  {
    input: 'an umlaut in Latin-1',
    file: Buffer.from(withCell('Surname', 'Müller'), 'latin1'),
    refused:
      'line 3, column Surname (3): byte 0xFC is not UTF-8 (Windows-1252?): save the file as UTF-8, or convert it: iconv -f windows-1252 -t utf-8',
  },
  {
    input: 'a NUL byte in a cell',
    file: withCell('Surname', 'Re\0d'),
    refused:
      'line 3, column Surname (3): a NUL byte (UTF-16 without a byte order mark, or a damaged file?): save the file as UTF-8',
  },
  {
    input: 'NUL bytes at the end, as a full disk leaves them',
    file: `${CLEAN}\0\0\0\0`,
    refused:
      'line 5, column 1: a NUL byte (UTF-16 without a byte order mark, or a damaged file?): save the file as UTF-8',
  },
];

const formats: readonly CsvInput[] = [
  { input: 'gzip', file: packed, name: 'customers.csv.gz', read: '' },
  { input: 'gzip called .csv', file: packed, read: '' },
  {
    input: 'gzip cut short',
    file: packed.subarray(0, -20),
    refused: 'gzip: the packed data end too early: copy the file again, or unpack it (gunzip) and look',
  },
  {
    input: 'gzip with a changed byte',
    file: Buffer.concat([packed.subarray(0, 40), Buffer.of(packed[40]! ^ 255), packed.subarray(41)]),
    refused: 'gzip: the packed data are damaged: copy the file again, or unpack it (gunzip) and look',
  },
  {
    input: 'an Excel workbook called .csv',
    file: Buffer.from('504b030414000600', 'hex'),
    refused:
      'line 1: the file is a zip archive or an Excel workbook: unpack it, or save the sheet as CSV (UTF-8)',
  },
  {
    input: 'zstd',
    file: Buffer.from('28b52ffd2400', 'hex'),
    refused: 'line 1: the file is compressed with zstd: unpack it (zstd -d) or use gzip',
  },
  {
    input: 'Parquet',
    file: Buffer.from('PAR1\x15\x04\x15'),
    refused: 'line 1: the file is a Parquet file: export it as CSV',
  },
  {
    input: 'a web page',
    file: '<!DOCTYPE html>\n<html><body>404</body></html>\n',
    refused: 'line 1: the file is HTML or XML: save the table as CSV',
  },
  {
    input: 'JSON',
    file: '{"CreditScore": 600}\n',
    refused: 'line 1: the file is JSON: give it a name ending in .jsonl, with one event a line',
  },
  {
    input: 'random bytes',
    file: Buffer.from('9f3ac1d00b774e8812', 'hex'),
    refused:
      'line 1, column 1: byte 0x9F is not UTF-8 (Windows-1252?): save the file as UTF-8, or convert it: iconv -f windows-1252 -t utf-8',
  },
];

const rows: readonly CsvInput[] = [
  { input: 'CR LF', file: CLEAN.replaceAll('\n', '\r\n'), read: '' },
  { input: 'CR alone', file: CLEAN.replaceAll('\n', '\r'), read: '' },
  { input: 'CR LF and LF in one file', file: CLEAN.replace('\n', '\r\n'), read: '' },
  { input: 'no line end at the end', file: CLEAN.trimEnd(), read: '' },
  {
    input: 'blank lines, and rows of separators alone',
    file: CLEAN.replaceAll('\n', `\n\n${',,,'.repeat(5)}\n`),
    read: '',
  },
  {
    input: 'a cell too few',
    file: CLEAN.replace(',98765.25,0', ',98765.25'),
    refused:
      'line 3, column Exited (14): cells: 13, in the header: 14: write an empty cell for what is unknown',
  },
  {
    input: 'a cell too many: a comma in a name',
    file: withCell('Surname', 'Reed, Jr'),
    refused: 'line 3, column 15: cells: 15, in the header: 14: quote cells that hold the separator ("a, b")',
  },
  {
    input: 'a decimal comma between commas',
    file: withCell('Balance', '74819,83'),
    refused: 'line 3, column 15: cells: 15, in the header: 14: quote cells that hold the separator ("a, b")',
  },
  {
    input: 'no input filled in',
    file: CLEAN.replace(ROWS[1]!, '2,502,Reed,,,,,,,,,,,0'),
    refused: 'line 3: no model input is filled in: fill them in, or remove the row',
  },
  {
    input: 'a line of more than a megabyte',
    file: withCell('Surname', 'x'.repeat(1_100_000)),
    refused: 'line 3: a line of more than a megabyte: the file is no table, or its line ends are lost',
  },
];

const quotes: readonly CsvInput[] = [
  {
    input: 'all cells quoted',
    file: joined(TABLE.map((cells) => cells.map((cell) => `"${cell}"`))),
    read: '',
  },
  { input: 'spaces around cells', file: CLEAN.replaceAll(',', ' , '), read: '' },
  {
    input: 'a comma and doubled quotes in a quoted cell',
    file: withCell('Surname', '"Reed, ""Jo"""'),
    read: '',
  },
  { input: 'a line end in a quoted cell', file: withCell('Surname', '"Reed\r\nJo"'), read: '' },
  {
    input: 'a quote that is never closed',
    file: withCell('Surname', '"Reed'),
    refused: 'line 3, column Surname (3): a quote is opened and never closed: write "a ""b"" c" for a "b" c',
  },
  {
    input: 'a quote that is never closed, in a long file',
    file: withCell('Surname', '"Reed') + `${ROWS[2]!}\n`.repeat(25_000),
    refused:
      'line 3, column Surname (3): a row of more than a megabyte, so most likely a quote that is never closed: write "a ""b"" c" for a "b" c',
  },
  {
    input: 'a quote inside a cell',
    file: withCell('Surname', 'Re"ed'),
    refused:
      'line 3, column Surname (3): a quote inside a cell that is not quoted: write "a ""b"" c" for a "b" c',
  },
  {
    input: 'text behind a closing quote',
    file: withCell('Surname', '"Re"ed'),
    refused: 'line 3, column Surname (3): text behind a closing quote: write "a ""b"" c" for a "b" c',
  },
];

export const CSV_SHAPES: readonly CsvCase[] = [
  ...ofKind('encoding', encodings),
  ...ofKind('format', formats),
  ...ofKind('rows', rows),
  ...ofKind('quotes', quotes),
];
