/**
 * A broker as a bank runs it: an authorizer that refuses what no rule allows, TLS by a private authority, and logins. It
 * is the embedded one, on loopback; its users, passwords and certificates are made for each start.
 *
 * `superUser` is the plain listener of the tests' own connections, to which everything is allowed. A user has the same name
 * and rights on every other listener, however it logs in.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded, type Embedded } from '../../cli/embedded/embedded.io.ts';
import { choosePort } from '../../cli/embedded/ports.io.ts';
import { openAccessControl, type AccessControl } from '../../kafka/kafkajs/access.fixture.ts';
import { createCertificates, type Certificate } from './certificates.ts';

/** Addresses (`host:port`) by how a client gets in. */
export interface Listeners {
  /** SCRAM and OAUTHBEARER without TLS. */
  readonly sasl: string;
  /** PLAIN, SCRAM-256, SCRAM-512 and OAUTHBEARER over TLS. */
  readonly saslSsl: string;
  /** TLS with a client certificate, whose common name is the user. */
  readonly mutualTls: string;
  /** As `saslSsl`, with a certificate that has expired. */
  readonly expired: string;
}

export interface SecureBroker extends AccessControl {
  readonly embedded: Embedded;
  /** Of the listener on which everything is allowed to everybody. */
  readonly superUser: string;
  readonly listeners: Listeners;
  /** Temporary folder with `ca.pem`, `other.pem` (an authority that signed nothing here) and what the functions below make. */
  readonly folder: string;
  readonly caFile: string;
  readonly otherCaFile: string;
  /** The file that holds a user's password (SCRAM, PLAIN). */
  passwordFile(user: string): string;
  /** Writes a token of OAUTHBEARER for a user, valid for so many seconds, to a file. Returns its path. */
  writeToken(user: string, seconds?: number, path?: string): Promise<string>;
  /** A client certificate; `days: 0`: it expires within a second. */
  certificate(user: string, days?: number): Promise<Certificate>;
  stop(): Promise<void>;
}

/** @param users each gets a password, for SCRAM and PLAIN. */
export async function startSecureBroker(
  users: readonly string[],
  onProgress: (line: string) => void = () => undefined,
): Promise<SecureBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-secure-'));
  const passwordFile = (user: string): string => join(folder, `${user}.password`);
  const passwords = new Map(users.map((user) => [user, randomBytes(12).toString('hex')]));
  let embedded: Embedded | undefined;
  const stop = async (): Promise<void> => {
    await embedded?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const [user, password] of passwords) await writeFile(passwordFile(user), password);
    const certificates = createCertificates(folder);
    const caFile = await certificates.authority('ca');
    const otherCaFile = await certificates.authority('other');
    const server = await certificates.sign('ca', 'broker');
    const expired = await certificates.sign('ca', 'broker', 0);
    const taken = new Set<number>();
    const port = (what: string): Promise<number> => choosePort(undefined, what, taken);
    const ports = {
      plain: await port('Kafka'),
      controller: await port('the controller'),
      sasl: await port('SASL'),
      saslSsl: await port('SASL over TLS'),
      mutualTls: await port('mutual TLS'),
      expired: await port('an expired certificate'),
    };
    embedded = await startEmbedded({
      kafkaPort: ports.plain,
      registry: false,
      onProgress,
      formatArguments: [...passwords].flatMap(([user, password]) => scramUser(user, password)),
      extraProperties: securedProperties(ports, passwords, { caFile, server, expired }),
    });
    const superUser = embedded.brokers;
    const access = await openAccessControl(superUser);
    const at = (of: number): string => `127.0.0.1:${String(of)}`;
    return {
      embedded,
      superUser,
      listeners: {
        sasl: at(ports.sasl),
        saslSsl: at(ports.saslSsl),
        mutualTls: at(ports.mutualTls),
        expired: at(ports.expired),
      },
      folder,
      caFile,
      otherCaFile,
      passwordFile,
      writeToken: async (user, seconds = 3600, path = join(folder, `${user}.token`)) => {
        await writeFile(path, unsecuredToken(user, seconds));
        return path;
      },
      certificate: (user, days) => certificates.sign('ca', user, days),
      ...access,
      stop: async () => {
        await access.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const scramUser = (user: string, password: string): string[] =>
  ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${user},password=${password}]`,
  ]);

function securedProperties(
  ports: Readonly<Record<'plain' | 'controller' | keyof Listeners, number>>,
  passwords: ReadonlyMap<string, string>,
  { caFile, server, expired }: { caFile: string; server: Certificate; expired: Certificate },
): Record<string, string> {
  const listeners = {
    PLAINTEXT: ports.plain,
    SASL: ports.sasl,
    SASLTLS: ports.saslSsl,
    MUTUAL: ports.mutualTls,
    EXPIRED: ports.expired,
  };
  const addresses = Object.entries(listeners).map(([name, of]) => `${name}://127.0.0.1:${String(of)}`);
  const protocols = 'SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,MUTUAL:SSL,EXPIRED:SASL_SSL';
  return {
    listeners: [...addresses, `CONTROLLER://127.0.0.1:${String(ports.controller)}`].join(','),
    'advertised.listeners': addresses.join(','),
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,${protocols}`,
    'controller.quorum.voters': `1@127.0.0.1:${String(ports.controller)}`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'false',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': server.store,
    'listener.name.expired.ssl.keystore.type': 'PEM',
    'listener.name.expired.ssl.keystore.location': expired.store,
    'listener.name.mutual.ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
    ...logins('sasl', passwords),
    ...logins('sasltls', passwords),
    ...logins('expired', passwords),
  };
}

/** SCRAM's users are in the metadata; PLAIN's are named here; OAUTHBEARER takes tokens that nobody signed (Kafka's own, for tests). */
function logins(listener: string, passwords: ReadonlyMap<string, string>): Record<string, string> {
  const name = (mechanism: string): string =>
    `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`;
  const module = (of: string): string => `org.apache.kafka.common.security.${of} required`;
  const users = [...passwords].map(([user, password]) => `user_${user}="${password}"`).join(' ');
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [name('PLAIN')]: `${module('plain.PlainLoginModule')} ${users};`,
    [name('SCRAM-SHA-256')]: `${module('scram.ScramLoginModule')};`,
    [name('SCRAM-SHA-512')]: `${module('scram.ScramLoginModule')};`,
    [name('OAUTHBEARER')]:
      `${module('oauthbearer.OAuthBearerLoginModule')} unsecuredLoginStringClaim_sub="broker";`,
  };
}

/** A JSON Web Token without a signature. */
function unsecuredToken(user: string, seconds: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: now, exp: now + seconds })}.`;
}
