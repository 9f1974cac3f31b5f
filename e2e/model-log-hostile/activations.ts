/** Activations of what there is not, of what there are two of, and what others claim of them. */
import type { Lab, LogCase } from './log-case.ts';
import type { Release } from '../../models/manifest.ts';

const releaseOf = async (lab: Lab, release: Release, chunk = lab.bytesOf(release)) =>
  lab.record('RELEASE', release, { manifest: JSON.stringify(release.manifest), ...(await lab.bytes(chunk)) });

const NO_RELEASE = /no release of version/;

export const ACTIVATIONS: readonly LogCase[] = [
  {
    ...{ kind: 'activation', input: 'of nothing', refused: NO_RELEASE },
    write: (lab) => lab.log(lab.record('ACTIVATION', lab.variant('nothing'))),
  },
  {
    ...{ kind: 'activation', input: 'of A’s version with the sha256 of nothing', refused: NO_RELEASE },
    write: (lab) => lab.log(lab.record('ACTIVATION', lab.a, { modelSha256: 'f'.repeat(64) })),
  },
  {
    ...{ kind: 'activation', input: 'of A under the first 8 of its sha256 (as older logs have it)' },
    write: (lab) => lab.log(lab.record('ACTIVATION', lab.a, { modelVersion: lab.a.manifest.sha256.slice(0, 8) })), // prettier-ignore
  },
  {
    ...{ kind: 'activation', input: 'before its release', serves: 'early' },
    write: async (lab) => {
      const release = lab.variant('early');
      await lab.log(lab.record('ACTIVATION', release));
      return lab.log(await releaseOf(lab, release));
    },
  },
  {
    ...{ kind: 'activation', input: 'of a broken release that is released again, whole', serves: 'repaired' },
    write: async (lab) => {
      const release = lab.variant('repaired');
      const broken = await releaseOf(lab, release, Buffer.from('broken'));
      await lab.log(broken, lab.record('ACTIVATION', release));
      return lab.log(await releaseOf(lab, release));
    },
  },
  {
    ...{ kind: 'activation', input: 'of A after a second release of its version, with another threshold' },
    write: async (lab) => {
      const forged = { ...lab.a, manifest: { ...lab.a.manifest, threshold: 0 } };
      return lab.log(await releaseOf(lab, forged), lab.record('ACTIVATION', lab.a));
    },
  },
  {
    ...{ kind: 'activation', input: 'of a broken release, then of a good one', serves: 'good' },
    write: async (lab) => {
      const [broken, good] = [lab.variant('bad'), lab.variant('good')];
      await lab.log(await releaseOf(lab, broken, Buffer.from('broken')), lab.record('ACTIVATION', broken));
      return lab.log(await releaseOf(lab, good), lab.record('ACTIVATION', good));
    },
  },
  {
    ...{
      kind: 'activation',
      input: 'of ten broken releases, one after the other',
      refused: /another sha256/,
    },
    write: async (lab) => {
      for (let i = 0; i < 10; i++) {
        const broken = lab.variant(`bad ${String(i)}`);
        await lab.log(await releaseOf(lab, broken, Buffer.from('broken')), lab.record('ACTIVATION', broken));
      }
    },
  },
  {
    ...{ kind: 'activation', input: 'none, but 600 releases of nothing' },
    write: (lab) =>
      lab.log(
        ...Array.from({ length: 600 }, (_, i) =>
          lab.record('RELEASE', lab.variant(`flood ${String(i)}`), { manifest: '{}', ...lab.place }),
        ),
      ),
  },
  {
    ...{ kind: 'activation', input: 'none, but 600 releases of A’s version' },
    write: (lab) =>
      lab.log(
        ...Array.from({ length: 600 }, (_, i) =>
          lab.record('RELEASE', lab.a, { modelSha256: String(i), manifest: '{}', ...lab.place }),
        ),
      ),
  },
  {
    ...{ kind: 'outcome', input: '“refused” of A, by somebody' },
    write: async (lab) => {
      const aboutActivation = await lab.log(lab.record('ACTIVATION', lab.a));
      return lab.log(
        lab.record('REJECTION', lab.a, { aboutActivation, outcome: 'refused', reason: 'a lie' }),
      );
    },
  },
  {
    ...{
      kind: 'outcome',
      input: '“refused, and nothing serves” of a broken release, by somebody',
      refused: /another sha256/,
    },
    write: async (lab) => {
      const broken = lab.variant('broken');
      await lab.log(await releaseOf(lab, broken, Buffer.from('broken')));
      const aboutActivation = await lab.log(lab.record('ACTIVATION', broken));
      return lab.log(
        lab.record('REJECTION', broken, { aboutActivation, outcome: 'refused', servingActivation: -1 }),
      );
    },
  },
  {
    ...{ kind: 'outcome', input: '“served” of an activation that is not there yet' },
    write: (lab) =>
      lab.log(lab.record('REJECTION', lab.a, { aboutActivation: 1_000_000_000, outcome: 'served' })),
  },
  {
    ...{ kind: 'outcome', input: 'a word that there is not' },
    write: (lab) => lab.log(lab.record('REJECTION', lab.a, { aboutActivation: 1, outcome: 'adored' })),
  },
];
