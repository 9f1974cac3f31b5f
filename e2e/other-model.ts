import { parseGolden } from '../models/golden.ts';
import type { Release } from '../models/manifest.ts';
import { sha256 } from '../models/release-files.ts';
import { pythonGolden } from '../models/tiny-release.fixture.ts';
import { createSimulator } from '../producers/simulator.ts';
import { splitDataset } from '../training/split.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { trainRelease } from '../training/train.ts';

/** Another model than the shipped one; its golden file looks as if Python had written it. */
export function otherModel(name = 'simulated'): Release {
  const next = createSimulator({ seed: 3, startMs: 0, stepMs: 1, idPrefix: 's' });
  const all = Array.from({ length: 2000 }, next);
  const labels = Uint8Array.from(all, ({ churned }) => Number(churned));
  const dataset = {
    name,
    sha256: 'of-no-file',
    events: all.map(({ event }) => event),
    labels,
    rowNumbers: all.map((_, i) => i + 1),
  };
  const { release } = trainRelease(dataset, splitDataset(dataset, 1), {
    customer: BANK,
    parameters: { rounds: 10 },
  });
  const golden = pythonGolden(parseGolden(release.golden));
  return { ...release, golden, manifest: { ...release.manifest, goldenSha256: sha256(golden) } };
}
