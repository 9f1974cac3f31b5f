/** Errors of Kafka as the product knows them, whatever client is behind the port. */
import { BankChurnError, type ErrorCode } from '../schemas/errors.ts';

/**
 * `transient`: the broker is away, slow or on the move. `fenced`: another writer has taken over the transactional id.
 * `unauthorized`: a right or a login is missing. `tls`: no encrypted connection can be made. `missing`: a topic does not exist.
 * `fatal`: the client calls it final.
 */
export type KafkaErrorKind = 'transient' | 'fenced' | 'fatal' | 'unauthorized' | 'tls' | 'missing';

const CODES: Readonly<Record<KafkaErrorKind, ErrorCode>> = {
  transient: 'BROKER_UNAVAILABLE',
  fenced: 'WRITER_FENCED',
  fatal: 'KAFKA_REFUSED',
  unauthorized: 'KAFKA_UNAUTHORIZED',
  tls: 'KAFKA_TLS_FAILED',
  missing: 'TOPIC_MISSING',
};

/** What a call of the port rejects with when Kafka or its client is the reason. `cause` is the client's own error. */
export class KafkaError extends BankChurnError {
  readonly kind: KafkaErrorKind;
  constructor(kind: KafkaErrorKind, message: string, options?: ErrorOptions) {
    super(CODES[kind], message, options);
    this.name = 'KafkaError';
    this.kind = kind;
  }
}
