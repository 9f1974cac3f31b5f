import { z } from 'zod';
import { customerCopySchema } from './customer-copy.ts';

/**
 * What a model release is: `model.onnx` (input `features` float32 [n, columns], output `outputs` float32
 * [n, 1 + features]: margin, then one contribution per feature, log-odds), `manifest.json` (this file's shape) and
 * `golden.json`. Everything that shapes the bytes of a score is in the manifest (ADR 2).
 */
const numericFeature = z.object({ name: z.string(), kind: z.literal('numeric') });
const categoricalFeature = z.object({
  name: z.string(),
  kind: z.literal('categorical'),
  /** One column each, in this order. An unseen category sets all to 0, a missing one all to NaN. */
  categories: z.array(z.string()).min(1),
});
const feature = z.discriminatedUnion('kind', [numericFeature, categoricalFeature]);

/** Bins of one series in the training data; the last three are missing, unseen, out of range. */
const seriesProfile = z.object({
  name: z.string(),
  kind: z.enum(['quantile', 'categorical']),
  /** Quantile bins: inner edges, ascending; bin i holds edges[i-1] < x <= edges[i]; the tails are open. */
  edges: z.array(z.number()),
  categories: z.array(z.string()),
  /** Smallest and largest training value (quantile bins); outside counts as out of range too. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Training counts: one per bin, then missing, unseen, out of range. */
  counts: z.array(z.number().int().nonnegative()),
});

export const manifestSchema = z.object({
  formatVersion: z.literal(1),
  /** Unique by content: see `withVersion`. */
  version: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.number().int().positive(),
  features: z.array(feature).min(1),
  columns: z.number().int().positive(),
  baseMargin: z.number(),
  threshold: z.number().min(0).max(1),
  riskCutoffs: z.object({ medium: z.number(), high: z.number() }),
  reasonsCount: z.number().int().min(1).max(10),
  profile: z.object({ rows: z.number().int(), features: z.array(seriesProfile), score: seriesProfile }),
  goldenSha256: z.string().regex(/^[0-9a-f]{64}$/),
  training: z.object({
    dataset: z.object({ name: z.string(), sha256: z.string(), rows: z.number().int() }),
    split: z.object({
      name: z.string(),
      seed: z.number().int(),
      trainRows: z.number().int(),
      holdoutRows: z.number().int(),
    }),
    parameters: z.record(z.string(), z.union([z.number(), z.string()])),
    resampling: z.string(),
  }),
  metrics: z.record(z.string(), z.number()),
  /** By what its events are read. Releases of earlier versions have none: the configured schema is used. */
  customer: customerCopySchema.optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type FeatureSpec = Manifest['features'][number];
export type SeriesProfile = Manifest['profile']['score'];

/** Rows no customer ever was (synthetic) with the outputs the model must give for them. */
export const goldenSchema = z.object({
  /** [rows][columns], `null` = NaN. */
  rows: z.array(z.array(z.number().nullable())).min(1),
  /** [rows][1 + features]. */
  outputs: z.array(z.array(z.number())).min(1),
  /** Largest absolute difference allowed. */
  tolerance: z.number().positive(),
});
export type Golden = z.infer<typeof goldenSchema>;

/** A release as it lies in memory; nothing in it is trusted until it is opened. */
export interface Release {
  readonly manifest: Manifest;
  readonly onnx: Uint8Array;
  /** The text of `golden.json` as it came: its sha256 is the manifest's. See `parseGolden`. */
  readonly golden: Uint8Array;
}
