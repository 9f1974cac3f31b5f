/** Variables and keys that are none of ours and look as if they should be. */
import { DECLARED, SETTINGS } from './config.ts';
import { variableOf } from './config-kinds.ts';
import { editDistance } from './schemas/edit-distance.ts';
import { similarField } from './schemas/fields.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = DECLARED.map(({ variable }) => variable);

/** What other programs call some of our settings, and what the usual name of a setting would be if it had no other. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ...DECLARED.map(({ key, variable }): [string, string] => [variableOf(key), variable]).filter(
    ([usual, variable]) => usual !== variable && usual.includes('_'),
  ),
  ['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_BROKERS'],
  ['KAFKA_BROKER_LIST', 'KAFKA_BROKERS'],
  ['KAFKA_GROUP_ID', 'GROUP_ID'],
  ['REGISTRY_PASSWORD', 'SCHEMA_REGISTRY_PASSWORD_FILE'],
  ['MLFLOW_TRACKING_USERNAME', 'MLFLOW_USERNAME'],
  ['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_PASSWORD_FILE'],
]);

/** Kubernetes sets these for each service of a namespace: `KAFKA_PORT=tcp://…`, `KAFKA_SERVICE_HOST`. */
const isServiceLink = (name: string, value: string): boolean =>
  value.startsWith('tcp://') || value.startsWith('udp://') || /_SERVICE_(HOST|PORT)|_PORT_\d+_/.test(name);

/** Letters alone, in one case. */
const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** One slip of the pen in a short name, two in a long one; PORT resembles too much. */
function misspelt(name: string): string | undefined {
  const letters = plain(name);
  const most = letters.length < 14 ? 1 : 2;
  return VARIABLES.find((variable) => {
    const right = plain(variable);
    if (right.length < 5 || Math.abs(right.length - letters.length) > most) return false;
    return editDistance(letters, right) <= most;
  });
}

/** The variable that a name leaves unfinished (`SCHEMA_REGISTRY`), if it has two words at least. */
const unfinished = (name: string): string | undefined =>
  name.includes('_') ? VARIABLES.find((variable) => variable.startsWith(`${name}_`)) : undefined;

function warningOf(name: string, env: Environment): string | undefined {
  const file = VARIABLES.find((variable) => variable === `${name}_FILE`);
  const other = file ?? ALIASES.get(name) ?? unfinished(name);
  // Next to the right one it is someone else's.
  if (other !== undefined && (env[other] ?? '') !== '') return undefined;
  const meant = other ?? misspelt(name);
  if (meant === undefined) return undefined;
  return /PASSWORD/.test(name) && meant.endsWith('_FILE')
    ? `the variable ${name} is not read: write the password into a file and use ${meant}`
    : `there is no variable ${name}: did you mean ${meant}?`;
}

/** A warning for each variable that looks like one of ours and is none; values are not shown. */
export function misspeltVariables(env: Environment): string[] {
  const known = new Set(VARIABLES);
  return Object.entries(env)
    .filter(([name, value = '']) => !known.has(name) && value !== '' && !isServiceLink(name, value))
    .flatMap(([name]) => warningOf(name, env) ?? [])
    .sort();
}

/** The key that an unknown one stands for: misspelt, without its `File`, or of another section. */
export function similarKey(key: string): string | undefined {
  const name = key.split('.').at(-1)!;
  const section = key.slice(0, -name.length);
  const keys = [...Object.keys(SETTINGS), ...DECLARED.map((declared) => declared.key)];
  const siblings = keys.filter((known) => known.startsWith(section) && !known.slice(section.length).includes('.')); // prettier-ignore
  const names = siblings.map((known) => known.slice(section.length));
  const sibling = names.find((known) => known === `${name}File`) ?? similarField(name, names);
  return sibling === undefined ? keys.find((known) => known.endsWith(`.${name}`)) : section + sibling;
}
