/** Times that a record may hold, milliseconds since 1970: `fromMs` <= time < `toMs`. */
export interface TimeLimits {
  readonly fromMs: number;
  readonly toMs: number;
}

/** 2000-01-01 to 2100-01-01: in this range, milliseconds cannot be taken for seconds or microseconds. */
export const PLAUSIBLE_TIMES: TimeLimits = { fromMs: 946_684_800_000, toMs: 4_102_444_800_000 };

const [COLON, DASH, PLUS, DOT, COMMA, SPACE] = [0x3a, 0x2d, 0x2b, 0x2e, 0x2c, 0x20];
/** Lower case, as this bit makes it. */
const [T, Z, LOWER_CASE] = [0x74, 0x7a, 0x20];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Reads `length` digits; NaN if there is anything else. */
function digits(text: string, start: number, length: number): number {
  let value = 0;
  for (let at = start; at < start + length; at++) {
    const digit = text.charCodeAt(at) - 48;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : NaN;
  }
  return value;
}

/** Milliseconds of a fraction of a second, and where it ends: `at` is the first of one to nine digits. */
function fraction(text: string, at: number): [ms: number, end: number] {
  let end = at;
  while (end < at + 9 && digits(text, end, 1) >= 0) end++;
  return [
    end === at ? NaN : Math.floor(digits(text, at, Math.min(3, end - at)) * (FRACTION[end - at] ?? 1)),
    end,
  ];
}
const FRACTION = [0, 100, 10];

/** `Z` or `±hh:mm` from `at` to the end, as milliseconds east of Greenwich; NaN for anything else. */
function offset(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if ((sign | LOWER_CASE) === Z) return text.length === at + 1 ? 0 : NaN;
  const colon = text.charCodeAt(at + 3) === COLON ? 1 : 0;
  const [hours, minutes] = [digits(text, at + 1, 2), digits(text, at + 3 + colon, 2)];
  if ((sign !== PLUS && sign !== DASH) || !(hours <= 23 && minutes <= 59)) return NaN;
  if (text.length !== at + 5 + colon) return NaN;
  return (sign === DASH ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}

const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
/** Days of a month; 0 for a month that there is not. */
const daysOf = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (DAYS[month] ?? 0);

/** Days since 1970-01-01, by a calendar whose years begin in March. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const months = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5);
  return 365 * years + leaps + months + day - 1 - 719_468;
}

/**
 * Reads an ISO 8601 time with an offset (`Z` or `±hh:mm`); seconds may be left out. It never depends on the machine's time
 * zone.
 *
 * @returns milliseconds since 1970 (finer fractions are cut off); NaN for any other text and for a time that no calendar or
 * clock shows, such as 2024-02-31 or 24:00.
 */
export function parseIsoTime(text: string): number {
  const between = text.charCodeAt(10);
  if (between !== SPACE && (between | LOWER_CASE) !== T) return NaN;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(13) !== COLON) return NaN;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)];
  const [hour, minute] = [digits(text, 11, 2), digits(text, 14, 2)];
  if (!(day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59)) return NaN;
  let [second, ms, end] = [0, 0, 16];
  if (text.charCodeAt(end) === COLON) {
    second = digits(text, 17, 2);
    end = 19;
    const point = text.charCodeAt(end);
    if (point === DOT || point === COMMA) [ms, end] = fraction(text, end + 1);
  }
  if (!(second <= 59)) return NaN;
  const minutes = daysSince1970(year, month, day) * (DAY_MS / MINUTE_MS) + hour * 60 + minute;
  return minutes * MINUTE_MS + second * 1000 + ms - offset(text, end);
}
