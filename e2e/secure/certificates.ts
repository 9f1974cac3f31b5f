/** A private certificate authority and what it signs, made by openssl at test time; nothing of it is kept. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Key and certificate in one file, as Kafka reads a store of type PEM. */
  readonly store: string;
}

/** @param folder where all of its files go; absolute. */
export function createCertificates(folder: string) {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args);
  const newKey = (path: string): Promise<unknown> =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path);

  /** A new authority that nobody trusts yet. Returns the path of its certificate. */
  async function authority(name: string): Promise<string> {
    await newKey(at(`${name}.key`));
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    await openssl('req', '-x509', '-new', '-key', at(`${name}.key`), ...subject, '-out', at(`${name}.pem`));
    return at(`${name}.pem`);
  }

  /**
   * A certificate for a server on loopback or a client, signed by an authority.
   *
   * @param name its common name.
   * @param days it is valid for; 0: it has expired a second later.
   */
  async function sign(ca: string, name: string, days = 2): Promise<Certificate> {
    const path = at(`${ca}-${name}-${String(days)}`);
    const files = { cert: `${path}.pem`, key: `${path}.key`, store: `${path}.store.pem` };
    await newKey(files.key);
    await openssl('req', '-new', '-key', files.key, '-subj', `/CN=${name}`, '-out', `${path}.csr`);
    await writeFile(`${path}.ext`, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const signer = ['-CA', at(`${ca}.pem`), '-CAkey', at(`${ca}.key`), '-CAcreateserial'];
    const what = ['-days', String(days), '-extfile', `${path}.ext`, '-out', files.cert];
    await openssl('x509', '-req', '-in', `${path}.csr`, ...signer, ...what);
    await writeFile(files.store, (await readFile(files.key, 'utf8')) + (await readFile(files.cert, 'utf8')));
    return files;
  }

  return { authority, sign };
}
