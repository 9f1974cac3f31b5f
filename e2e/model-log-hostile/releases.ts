/** Releases that are broken or hostile, and activated. */
import { createGolden, goldenBytes, parseGolden } from '../../models/golden.ts';
import { sha256 } from '../../models/release-files.ts';
import type { Release } from '../../models/manifest.ts';
import type { ModelRecord } from '../../schemas/generated.ts';
import type { Lab, LogCase } from './log-case.ts';

type Place = Pick<ModelRecord, 'artifactOffset' | 'artifactChunks'>;

/** Writes a release record and its activation. */
const activate = (
  lab: Lab,
  release: Release,
  place: Place,
  more: Partial<ModelRecord> = {},
): Promise<number> =>
  lab.log(
    lab.record('RELEASE', release, { manifest: JSON.stringify(release.manifest), ...place, ...more }),
    lab.record(
      'ACTIVATION',
      release,
      more.modelSha256 === undefined ? {} : { modelSha256: more.modelSha256 },
    ),
  );

const INVALID = ['RECORD_INVALID'];
const MISSING = /its bytes are missing/;
const NO_RELEASE = /no release of version/;

/** A release whose record is changed; the bytes are A's. */
const changed = (
  input: string,
  more: Partial<ModelRecord>,
  back: Pick<LogCase, 'skipped' | 'refused'>,
): LogCase => ({
  ...{ kind: 'release', input, ...back },
  write: (lab) => activate(lab, lab.variant(input), lab.place, more),
});

/** A release with whatever is changed in its bytes. */
const bytes = (
  input: string,
  refused: RegExp,
  change: (bytes: Buffer, release: Release) => (Buffer | null)[],
): LogCase => ({
  ...{ kind: 'release', input, refused },
  write: async (lab) => {
    const release = lab.variant(input);
    return activate(lab, release, await lab.bytes(...change(lab.bytesOf(release), release)));
  },
});

/** A release that is consistent in itself: only its model is not what it says. */
const made = (input: string, refused: RegExp, make: (lab: Lab) => Release): LogCase => ({
  ...{ kind: 'release', input, refused },
  write: async (lab) => {
    const release = make(lab);
    return activate(lab, release, await lab.bytes(lab.bytesOf(release)));
  },
});

function flipped(from: Buffer, at: number): Buffer {
  const copy = Buffer.from(from);
  copy[at]! ^= 1;
  return copy;
}

export const RELEASES: readonly LogCase[] = [
  changed('no manifest', { manifest: null }, { skipped: INVALID, refused: NO_RELEASE }),
  changed('a manifest that is no JSON', { manifest: '{' }, { refused: /JSON/ }),
  changed('a manifest of another shape', { manifest: '{"version":1}' }, { refused: /formatVersion/ }),
  changed('a manifest of 900 KiB', { manifest: ' '.repeat(900 * 1024) }, { skipped: INVALID, refused: NO_RELEASE }), // prettier-ignore
  changed('bytes beyond the end of their topic', { artifactOffset: 1_000_000 }, { refused: MISSING }),
  changed('a negative offset', { artifactOffset: -7 }, { skipped: INVALID, refused: NO_RELEASE }),
  changed('no chunks', { artifactChunks: 0 }, { skipped: INVALID, refused: NO_RELEASE }),
  changed('two thousand million chunks', { artifactChunks: 2_000_000_000 }, { skipped: INVALID, refused: NO_RELEASE }), // prettier-ignore
  changed('as many chunks as are just allowed', { artifactChunks: 4096 }, { refused: MISSING }),
  changed('another sha256 in the record than in the manifest', { modelSha256: '0'.repeat(64) }, { refused: /another sha256/ }), // prettier-ignore
  bytes('half of its bytes', /another sha256/, (all) => [all.subarray(0, all.length / 2)]),
  bytes('bytes behind its own', /another sha256/, (all) => [all, Buffer.from('more')]),
  bytes('one bit of the model flipped', /model bytes have another sha256/, (all) => [flipped(all, 1000)]),
  bytes('one bit of the golden rows flipped', /golden rows have another sha256/, (all) => [flipped(all, all.length - 9)]), // prettier-ignore
  bytes('chunks without values', /1 of its 1 chunks are missing/, () => [null]),
  made('garbage for an ONNX', /release/, (lab) => {
    const onnx = Buffer.alloc(5000, 7);
    return { ...lab.variant('garbage', { sha256: sha256(onnx), sizeBytes: onnx.length }), onnx };
  }),
  made('golden outputs that its model does not give', /golden row/, (lab) => {
    const golden = parseGolden(lab.a.golden);
    const width = golden.outputs[0]!.length;
    const outputs = Float64Array.from(golden.outputs.flat(), (value) => value + 1);
    const bytes = goldenBytes(createGolden(golden.rows, outputs, width));
    return { ...lab.variant('other rows', { goldenSha256: sha256(bytes) }), golden: bytes };
  }),
  made('a feature that events do not have', /needs the input shoeSize/, (lab) => {
    const [first, ...rest] = lab.a.manifest.features;
    return lab.variant('shoes', { features: [{ ...first!, name: 'shoeSize' }, ...rest] }); // prettier-ignore
  }),
  made('a column more than its model has', /columns|features/, (lab) =>
    lab.variant('wide', { columns: lab.a.manifest.columns + 1 }),
  ),
];
