/** What the state of the model log may hold, and what goes first: anybody may have written any number of records of any size. */

/** Of the state; it is cut back to these when it is a tenth above. */
export const LOG_LIMITS = { releases: 500, activations: 2000, answers: 2000 } as const;
/** Characters of all manifests together. */
const MAX_MANIFESTS = 16 * 1024 * 1024;
/** Characters of a reason or a report, and of an actor. */
const MAX_TEXT = 4000;
const MAX_ACTOR = 200;
/** Of the releases that an activation may mean so many are tried. */
export const CANDIDATES = 5;

/** A text of bounded length. It is a copy: a slice would keep the whole of the text in memory. */
export const cut = (text: string | null | undefined, most = MAX_TEXT): string | null =>
  text == null ? null : text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();

export const cutActor = (text: string | null | undefined): string | null => cut(text, MAX_ACTOR);

interface Named {
  readonly version: string;
  readonly sha256: string;
}
interface Activated extends Named {
  readonly offset: number;
}
type Outcomes = Map<number, { readonly served: boolean }>;

const isFull = (length: number, most: number): boolean => length > 1.1 * most;

/** Lengths, for a name may hold any separator. */
const nameOf = ({ version, sha256 }: Named): string => `${String(version.length)} ${version} ${sha256}`;

const isServed = (outcomes: Outcomes, { offset }: Activated): boolean =>
  outcomes.get(offset)?.served === true;

/**
 * Drops releases if there are too many: first those that no activation means, then those that never served, then the others;
 * the oldest of each first, never the newest of all.
 */
export function trimReleases(
  releases: (Named & { readonly manifest: string })[],
  activations: readonly Activated[],
  outcomes: Outcomes,
): void {
  let characters = releases.reduce((sum, { manifest }) => sum + manifest.length, 0);
  if (!isFull(releases.length, LOG_LIMITS.releases) && characters <= MAX_MANIFESTS) return;
  const ranks = rankReleases(releases, activations, outcomes);
  const order = [...ranks.keys()].sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  const dropped = new Set<number>();
  for (const at of order) {
    if (releases.length - dropped.size <= LOG_LIMITS.releases && characters <= MAX_MANIFESTS) break;
    dropped.add(at);
    characters -= releases[at]!.manifest.length;
  }
  keep(releases, (at) => !dropped.has(at));
}

/** 0: no activation means it; 1: it never served; 2: it served. */
function rankReleases(
  releases: readonly Named[],
  activations: readonly Activated[],
  outcomes: Outcomes,
): number[] {
  const worth = new Map<string, number>();
  for (const activation of activations) {
    const { version, sha256 } = activation;
    // Older logs name an activation by the first characters of the sha256.
    const names = sha256.startsWith(version) ? [nameOf(activation), sha256] : [nameOf(activation)];
    const rank = isServed(outcomes, activation) ? 2 : 1;
    for (const name of names) worth.set(name, Math.max(rank, worth.get(name) ?? 0));
  }
  const byName = candidates(releases, nameOf);
  const bySha256 = candidates(releases, ({ sha256 }) => sha256);
  return releases.map((release, at) => {
    if (at === releases.length - 1) return Infinity;
    const named = byName.has(at) ? worth.get(nameOf(release)) : 0;
    const asBefore = bySha256.has(at) ? worth.get(release.sha256) : 0;
    return Math.max(named ?? 0, asBefore ?? 0);
  });
}

/** The places of those releases of each name that an activation would mean: the first ones, and the newest. */
function candidates(releases: readonly Named[], keyOf: (release: Named) => string): ReadonlySet<number> {
  const places = new Map<string, number[]>();
  for (const [at, release] of releases.entries()) {
    const of = places.get(keyOf(release)) ?? [];
    if (of.length === CANDIDATES) of.pop();
    of.push(at);
    places.set(keyOf(release), of);
  }
  return new Set([...places.values()].flat());
}

/** Drops activations if there are too many: first those that never served; the oldest first, never the newest. */
export function trimActivations(activations: Activated[], outcomes: Outcomes): void {
  if (!isFull(activations.length, LOG_LIMITS.activations)) return;
  let excess = activations.length - LOG_LIMITS.activations;
  for (const hasServed of [false, true])
    keep(activations, (at) => {
      const activation = activations[at]!;
      const stays =
        excess === 0 || at === activations.length - 1 || isServed(outcomes, activation) !== hasServed;
      if (stays) return true;
      excess--;
      outcomes.delete(activation.offset);
      return false;
    });
}

/** Keeps the elements at some places. */
function keep(list: unknown[], isKept: (at: number) => boolean): void {
  const kept = list.filter((_, at) => isKept(at));
  list.splice(0, list.length, ...kept);
}

export function trimAnswers(answers: Map<string, unknown>): void {
  if (answers.size > LOG_LIMITS.answers) answers.delete(answers.keys().next().value!);
}
