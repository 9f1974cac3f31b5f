/** The tables of docs/customer-schema.md, from the one list of keys. */
import type { Keys } from '../../schemas/customer/collections.ts';
import {
  FIELD_KEYS,
  FILE_KEYS,
  GATE_KEYS,
  INPUT_KEYS,
  LABEL_KEYS,
  SLICE_KEYS,
} from '../../schemas/customer/keys.ts';
import { markdownTable } from '../../training/markdown.ts';

const SECTIONS: readonly (readonly [title: string, keys: Keys])[] = [
  ['Keys of the file', FILE_KEYS],
  ['Keys of an id or a time', FIELD_KEYS],
  ['Keys of an input', INPUT_KEYS],
  ['Keys of the label', LABEL_KEYS],
  ['Keys of a slice', SLICE_KEYS],
  ['Keys of the gate', GATE_KEYS],
];

/** A heading and a table for each kind of mapping. */
export function schemaTables(): string {
  return SECTIONS.map(([title, keys]) => {
    const rows = Object.entries(keys).map(([name, { kind, initial, sentence }]) => [
      `\`${name}\``,
      kind.allowed,
      initial ?? 'needed',
      sentence,
    ]);
    return `## ${title}\n\n${markdownTable(['key', 'allowed', 'default', 'meaning'], rows)}`;
  }).join('\n\n');
}
