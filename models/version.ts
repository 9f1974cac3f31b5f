import type { Manifest } from './manifest.ts';
import { sha256 } from './release-files.ts';

/** The manifest with a version of its own: `<data set>-<first 8 of the sha256 of all else>`. */
export function withVersion(manifest: Manifest): Manifest {
  const rest = { ...manifest, version: undefined };
  const version = `${rest.training.dataset.name}-${sha256(JSON.stringify(rest)).slice(0, 8)}`;
  return { ...manifest, version };
}

/** Figures that hold at one threshold only. */
const AT_THRESHOLD = new Set('f1_churn f1_weighted f1_macro precision recall tp fp fn tn'.split(' '));

/** The manifest with another threshold, without the figures of the one before, and with a version of its own. */
export function withThreshold(manifest: Manifest, threshold: number): Manifest {
  const figures = Object.entries(manifest.metrics).filter(([name]) => !AT_THRESHOLD.has(name));
  return withVersion({ ...manifest, threshold, metrics: { ...Object.fromEntries(figures), threshold } });
}
