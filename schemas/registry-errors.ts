/** What the registry's refusals mean: for a person to mend, or something that may pass. */
import { BankChurnError, messageOf } from './errors.ts';

/** Characters of what the registry or its library says. */
const MAX_SHOWN = 500;

/** The registry cannot be asked, or answers nonsense: tried again. */
export const away = (what: string, cause?: unknown): BankChurnError =>
  new BankChurnError('REGISTRY_UNAVAILABLE', `schema registry: ${what}`, { cause });

/** A first registration was cut off in the middle: the subject is there, its compatibility is not. */
export const isHalfRegistered = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'ConfluentSchemaRegistryCompatibilityError' &&
  error.message.includes('!= NONE');

/** An incompatible or missing schema is for a person to mend; anything else may pass. */
export function refusal(
  subject: string,
  name: string,
  autoRegister: boolean,
  cause: unknown,
): BankChurnError {
  // It may quote what the registry answered, at any length.
  const fault = messageOf(cause).slice(0, MAX_SHOWN);
  const status = (cause as { status?: unknown } | null)?.status;
  const errorName = (cause as { name?: unknown } | null)?.name;
  const incompatible =
    status === 409 || status === 422 || errorName === 'ConfluentSchemaRegistryCompatibilityError';
  if (incompatible) {
    return new BankChurnError('SCHEMA_REFUSED', `the registry refuses ${name} under ${subject}: ${fault}`, {
      cause,
    });
  }
  const missing = !autoRegister && (status === 404 || errorName === 'ConfluentSchemaRegistryError');
  if (missing) {
    const hint = `register it (\`bankchurn topics create\`) or set registry.autoRegister: true`;
    return new BankChurnError('SCHEMA_REFUSED', `${name} is not registered under ${subject}: ${hint}`, {
      cause,
    });
  }
  if (status === 401 || status === 403) {
    const advice = `give the user of registry.username that right, or register it and set registry.autoRegister: false`;
    return away(`no right to register ${name} under ${subject} (status ${String(status)}): ${advice}`, cause);
  }
  return away(`${subject}: ${fault}`, cause);
}
