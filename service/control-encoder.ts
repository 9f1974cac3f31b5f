/** How control records are encoded: Avro while the registry knows their schema, else JSON. Every reader takes both. */
import { createAvroEncoder } from '../schemas/avro.ts';
import { fingerprintHeaders } from '../schemas/fingerprints.ts';
import type { EncodeOwn } from '../schemas/own.ts';
import type { Registry } from '../schemas/registry.io.ts';
import type { TopicSubject } from '../schemas/subjects.ts';

export interface ControlEncoderOptions extends TopicSubject {
  readonly registry: Registry | undefined;
  /** After a failure, before the registry is asked again, milliseconds. */
  readonly askAgainMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told why records are JSON although there is a registry, each time that it was asked in vain. */
  readonly onJson: (subject: string, error: unknown) => void;
}

/** Waits for the registry's first answer, for as long as the registry's client does. Never rejects. */
export type OpenEncoder = () => Promise<EncodeOwn>;

const encodeJson: EncodeOwn = (record) => ({ value: JSON.stringify(record) });

/** The encoder of a control topic: it never waits for the registry, and asks it again now and then. */
export function createControlEncoder(options: ControlEncoderOptions): OpenEncoder {
  const { registry, subject, schema, compatibility, askAgainMs, now, onJson } = options;
  if (registry === undefined) return () => Promise.resolve(encodeJson);
  let encodeAvro: EncodeOwn | undefined;
  let asking: Promise<void> | undefined;
  let restsUntilMs = -Infinity;

  const ask = (): Promise<void> => {
    if (encodeAvro !== undefined) return Promise.resolve();
    if (asking === undefined && now() < restsUntilMs) return Promise.resolve();
    asking ??= registry
      .schemaId(subject, schema, compatibility)
      .then(
        (id) => {
          const encode = createAvroEncoder(schema, id);
          const headers = fingerprintHeaders(schema);
          encodeAvro = (record) => ({ value: encode(record), headers });
        },
        (error: unknown) => {
          restsUntilMs = now() + askAgainMs;
          onJson(subject, error);
        },
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const encode: EncodeOwn = (record) => {
    void ask();
    return (encodeAvro ?? encodeJson)(record);
  };
  return async () => {
    await ask();
    return encode;
  };
}
