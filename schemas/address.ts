/** Addresses of services: what of them may be shown, and what of them is a secret. */

/** Credentials as HTTP's basic authentication takes them. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * A text without the credentials of the addresses in it: `https://me:secret@host/` becomes `https://host/`. Strips too
 * much rather than too little: everything between `//` and the last `@` before a space or a quote.
 */
export function withoutCredentials(text: string): string {
  return text.includes('@') ? text.replace(/(\w:\/\/)[^\s"']*@/g, '$1') : text;
}

/** The credentials in an http or https address, if it has any. */
export function credentialsIn(address: string): Credentials | undefined {
  const { username, password } = new URL(address);
  if (username === '' && password === '') return undefined;
  return { username: decoded(username), password: decoded(password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that is no escape stands for itself
  }
}
