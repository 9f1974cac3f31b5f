/** Of these errors the library (`errors.js`) says that they are final, and ends its consumer; they come of connections that break, and pass. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const PASSING = ['KafkaJSGroupCoordinatorNotFound', 'KafkaJSLockTimeout'];

/** Makes them errors that the library tries again. Before what takes the classes from there. */
export function tryAgain(): void {
  type ErrorClass = new (...given: unknown[]) => Error & { retriable: boolean };
  const errors = require('kafkajs/src/errors') as Record<string, ErrorClass>;
  for (const name of PASSING) {
    errors[name] = class extends errors[name]! {
      override retriable = true;
    };
  }
}
