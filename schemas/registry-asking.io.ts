/** Requests for schemas. What is no answer of a registry is an error that says what an operator does about it. */
import { describeAnswer, isElsewhere, isOfApi, otherAddresses, PROBE_PATH } from './registry-api.ts';
import { withoutCredentials } from './address.ts';
import { messageOf } from './errors.ts';
import { away } from './registry-errors.ts';
import { createAsk, type Connection } from './registry-http.io.ts';
import type { AskRegistry } from './registry-reader.ts';
import type { RegistrySigns } from './registry-state.ts';

/** Where the API is elsewhere is looked for at most so often, milliseconds. */
const LOOK_EVERY_MS = 10_000;

/** Asks for schemas; `signs` is called for each outcome. Rejects with REGISTRY_UNAVAILABLE. */
export function createAskForSchema(connection: Connection, signs: RegistrySigns): AskRegistry {
  const { base, auth } = connection;
  const ask = createAsk(connection);
  const whereElse = createSearch(connection);
  return async (path) => {
    try {
      const answer = await ask('GET', path);
      if (!isOfApi(answer)) {
        const right = isElsewhere(answer) ? await whereElse() : undefined;
        throw away(
          right === undefined
            ? `${withoutCredentials(base)}: ${describeAnswer(answer, auth !== undefined)}`
            : `${withoutCredentials(base)} is no Confluent API; ${withoutCredentials(right)} is: set SCHEMA_REGISTRY_URL to it`,
        );
      }
      signs.heard();
      return answer;
    } catch (error) {
      signs.lost(messageOf(error).replace(/^schema registry: /, ''));
      throw error;
    }
  };
}

/** Looks for the API at the usual paths of the same server, with the same credentials. */
function createSearch(connection: Connection): () => Promise<string | undefined> {
  let lookedAtMs = -Infinity;
  let found: Promise<string | undefined> = Promise.resolve(undefined);
  const isApi = async (address: string): Promise<boolean> =>
    createAsk({ ...connection, base: address })('GET', PROBE_PATH).then(isOfApi, () => false);
  const look = async (): Promise<string | undefined> => {
    const addresses = otherAddresses(connection.base);
    const are = await Promise.all(addresses.map(isApi));
    return addresses.find((_, i) => are[i]);
  };
  return () => {
    const nowMs = Date.now();
    if (nowMs - lookedAtMs >= LOOK_EVERY_MS) {
      lookedAtMs = nowMs;
      found = look();
    }
    return found;
  };
}
