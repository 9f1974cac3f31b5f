/** Words that look like a slip of the pen. */
import { editDistance } from '../edit-distance.ts';

/** The known word that is a slip of the pen away, or begins with the same letters; for messages only. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
  const letters = plain(word.slice(0, 64));
  const ranked = known
    .map((name) => ({ name, edits: editDistance(letters, plain(name)) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked.find(({ name, edits }) => edits <= Math.max(1, Math.floor(plain(name).length / 3)));
  const start = (name: string): boolean => letters.startsWith(plain(name)) || plain(name).startsWith(letters);
  return best?.name ?? (letters.length >= 3 ? known.find(start) : undefined);
}
