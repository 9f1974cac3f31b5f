import { expect, test } from 'vitest';
import { changeRecords } from '../models/log-records.ts';
import { activeModel, EMPTY_LOG, foldRecord, type ModelLog } from '../models/log.ts';
import type { ModelRecord } from '../schemas/generated.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import { createTellOutcome } from './tell-outcome.io.ts';

const record = (
  kind: ModelRecord['kind'],
  version: string,
  more: Partial<ModelRecord> = {},
): ModelRecord => ({
  ...{ kind, modelVersion: version, modelSha256: 'x', origin: 'OPERATOR', recordedAt: 0, reason: null },
  ...{ requestId: null, actor: null, gateReport: null, aboutActivation: null, outcome: null },
  ...{ approval: null, trainer: null },
  ...{ servingActivation: null, manifest: '{}', artifactOffset: 0, artifactChunks: 1, ...more },
});

test('what somebody else says of a refused activation is corrected, but not for ever', async () => {
  let log: ModelLog = EMPTY_LOG;
  let next = 0;
  const append = (entry: ModelRecord): void => void (log = foldRecord(log, next++, entry));
  for (const version of ['a', 'bad']) append(record('ACTIVATION', version));
  let written = 0;
  const write = ((decide) => {
    const change = decide(log);
    const records = changeRecords(change, { origin: 'OPERATOR', actor: 'scorer', recordedAt: 0, brought: undefined }); // prettier-ignore
    records.forEach(append);
    written += records.length;
    return Promise.resolve({ log, change, offset: undefined });
  }) as ModelLogAccess['write'];
  const tell = createTellOutcome({
    modelLog: { write },
    log: {} as never,
    serving: () => 0,
    newest: () => log,
  });
  const choice = () => ({
    newest: log.activations.at(-1),
    artifactOffset: 0,
    refused: { version: 'bad', reason: 'golden row 3' },
  });
  const forge = (): void =>
    append(record('REJECTION', 'bad', { aboutActivation: 1, outcome: 'refused', servingActivation: -1 }));

  forge(); // before the scorer says anything
  expect(activeModel(log)).toBeUndefined();
  for (let i = 0; i < 3; i++) {
    await tell(choice());
    await tell(choice());
    expect([written, activeModel(log)?.version]).toEqual([i + 1, 'a']);
    forge();
  }
  await tell(choice());
  expect(written).toBe(3);

  append(record('ACTIVATION', 'worse')); // another activation, another word
  const first = tell(choice());
  append(record('ACTIVATION', 'worst'));
  await Promise.all([first, tell(choice())]);
  expect(log.outcomes.get(log.activations.at(-1)!.offset)).toMatchObject({ served: false, serving: 0 });
  expect(activeModel(log)?.version).toBe('a');
});
