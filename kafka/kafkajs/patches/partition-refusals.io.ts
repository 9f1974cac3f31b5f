/**
 * The library's answer to `AddPartitionsToTxn` (`protocol/requests/addPartitionsToTxn`). If the broker refuses one partition,
 * it says of the others that they were not attempted; the library throws what is said of the first one, and names no topic.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const OPERATION_NOT_ATTEMPTED = 55;

interface Answer {
  readonly errors: readonly {
    readonly topic: string;
    readonly partitionErrors: readonly { readonly errorCode: number }[];
  }[];
}

/** The same module, whose `parse` throws the refusal itself, with its topic. */
export const withRefusals = <M extends object>(module: M) => ({
  ...module,
  parse: (answer: Answer): Promise<Answer> => {
    const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
      createErrorFromCode: (code: number) => Error;
    };
    const failed = answer.errors.flatMap(({ topic, partitionErrors }) =>
      partitionErrors.filter(({ errorCode }) => errorCode !== 0).map(({ errorCode }) => ({ topic, errorCode })),
    );
    const refusal = failed.find(({ errorCode }) => errorCode !== OPERATION_NOT_ATTEMPTED) ?? failed[0];
    if (refusal === undefined) return Promise.resolve(answer);
    return Promise.reject(Object.assign(createErrorFromCode(refusal.errorCode), { topic: refusal.topic }));
  },
}); // prettier-ignore
