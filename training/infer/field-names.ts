/** Names of inputs made of CSV headers. */
import { isReserved, plainName } from '../../schemas/customer/unique-names.ts';

const MAX_NAME = 60;

/** `Monthly Charges ($)` → `monthlyCharges`, `SeniorCitizen` → `seniorCitizen`, `12 months` → `n12Months`; may be empty. */
export function camelCase(header: string): string {
  const words = header
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/^%|%$/g, ' percent ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const name = words
    .map((word, i) => {
      const lower = word.toLowerCase();
      return i === 0 ? lower : lower.charAt(0).toUpperCase() + lower.slice(1);
    })
    .join('');
  return (/^\d/.test(name) ? `n${name}` : name).slice(0, MAX_NAME);
}

/**
 * A name for each header, in their order: all differ, also from every other header, where case and word separators do not
 * count; numbered where they would not.
 *
 * @param taken names that fields have already.
 */
export function fieldNames(headers: readonly string[], taken: readonly string[]): string[] {
  const used = new Set(taken.map(plainName));
  const owners = new Map(headers.map((header, at) => [plainName(header), at]));
  return headers.map((header, at) => {
    const base = camelCase(header) || `column${String(at + 1)}`;
    const start = isReserved(base) ? `${base}Value` : base;
    const isFree = (name: string): boolean =>
      !used.has(plainName(name)) && (owners.get(plainName(name)) ?? at) === at;
    let name = start;
    for (let n = 2; !isFree(name); n++) name = start + String(n);
    used.add(plainName(name));
    return name;
  });
}
