/** Logins (SASL). The password or token is read at each of them, so that a new one is used without a restart. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AuthenticationProviderArgs, Authenticator, Mechanism } from 'kafkajs';
import { kafkajs } from './patches/install.io.ts';
import { KafkaError } from '../errors.ts';
import type { ConnectionSettings } from '../port.ts';

const require = createRequire(import.meta.url);

type Sasl = NonNullable<ConnectionSettings['sasl']>;
/** The library's own authenticators, of its options. */
type Provider = (options: object) => (given: AuthenticationProviderArgs) => Authenticator;
const FILES: Readonly<Record<Sasl['mechanism'], string>> = {
  plain: 'plain',
  'scram-sha-256': 'scram256',
  'scram-sha-512': 'scram512',
  oauthbearer: 'oauthBearer',
};

/** The library's option `sasl`: its own authenticator, with the secret of the moment, and errors that name the user. */
export function loginOf(sasl: Sasl): Mechanism {
  const { mechanism } = sasl;
  const provider = require(`kafkajs/src/broker/saslAuthenticator/${FILES[mechanism]}.js`) as Provider;
  return {
    mechanism,
    authenticationProvider: (given) => ({ authenticate: () => logIn(provider, sasl, given) }),
  };
}

async function logIn(provider: Provider, sasl: Sasl, given: AuthenticationProviderArgs): Promise<void> {
  let last: unknown;
  // The library keeps only the text of what went wrong in an exchange.
  const saslAuthenticate: AuthenticationProviderArgs['saslAuthenticate'] = async (exchange) => {
    try {
      return await given.saslAuthenticate(
        sasl.mechanism === 'oauthbearer'
          ? { ...exchange, response: tokenAnswer as unknown as NonNullable<typeof exchange.response> }
          : exchange,
      );
    } catch (error) {
      last = error;
      throw error;
    }
  };
  const options = optionsOf(sasl);
  try {
    await provider(options)({ ...given, saslAuthenticate }).authenticate();
  } catch (error) {
    if (isOfTheNetwork(last)) throw last;
    const text = last instanceof Error ? last.message : (error as Error).message;
    throw new RefusedLogin(`login refused for ${userOf(sasl)} with ${sasl.mechanism}: ${text}`);
  }
}

const SIZE_BYTES = 4;

/** A broker that refuses a token answers with the reason (RFC 7628, 3.2.2), which the library does not read: it takes it for a login. */
const tokenAnswer = {
  decode: (answer: Buffer): Buffer => answer.subarray(SIZE_BYTES),
  parse: (reason: Buffer): void => {
    if (reason.length > 0) throw new Error(reason.toString().slice(0, 200));
  },
};

const RefusedLogin = kafkajs.KafkaJSSASLAuthenticationError as new (message: string) => Error;

function optionsOf(sasl: Sasl): object {
  const secret = readSecret(sasl);
  return sasl.mechanism === 'oauthbearer'
    ? { oauthBearerProvider: () => Promise.resolve({ value: secret }) }
    : { username: sasl.username ?? '', password: secret };
}

function readSecret(sasl: Sasl): string {
  try {
    return readFileSync(sasl.passwordFile, 'utf8').trim();
  } catch (cause) {
    // The path is not shown, and no cause that does: a careless setting holds the password itself.
    const { code = 'not a path' } = cause as NodeJS.ErrnoException;
    const message = `no login for ${userOf(sasl)}: the password file cannot be read: ${code} (kafka.saslPasswordFile)`;
    throw new KafkaError('unauthorized', message);
  }
}

const userOf = ({ mechanism, username }: Sasl): string =>
  mechanism === 'oauthbearer' ? 'the token' : `user ${username ?? ''}`;

/** The connection broke in the middle: nothing was refused. */
const isOfTheNetwork = (error: unknown): boolean =>
  error instanceof Error && /^KafkaJS(Connection|RequestTimeout)/.test(error.name);
