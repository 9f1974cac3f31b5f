import type { Manifest } from './manifest.ts';
import { sha256 } from './release-files.ts';

/** The manifest with a version of its own: `<data set>-<first 8 of the sha256 of all else>`. */
export function withVersion(manifest: Manifest): Manifest {
  const rest = { ...manifest, version: undefined };
  const version = `${rest.training.dataset.name}-${sha256(JSON.stringify(rest)).slice(0, 8)}`;
  return { ...manifest, version };
}
