/** The tables and commands of docs/rights.md, from service/rights.ts. */
import { TOPICS, topicNames } from '../../schemas/topics.ts';
import {
  checkRights,
  COMMANDS,
  commandRights,
  roleRights,
  type Names,
  type Need,
  type NeededRight,
  type Right,
} from '../../service/rights.ts';
import { ROLES } from '../../service/role-topics.ts';
import { markdownTable } from '../../training/markdown.ts';

const code = (text: string): string => `\`${text}\``;

/** The names with a shell variable for `topics.prefix`. */
const PREFIX = '${P}';
const SHELL: Names = {
  group: `${PREFIX}bankchurn-scorer`,
  topics: { names: topicNames(PREFIX) },
};
/** The names without a prefix. */
const PLAIN: Names = { group: 'bankchurn-scorer', topics: { names: topicNames('') } };

const WITHOUT: Readonly<Record<Need, string>> = {
  runs: 'it stands still',
  starts: '`/health` is 503 from the start',
  model: 'it keeps its model, `/health` is 503',
  never: 'it works',
};
const RESOURCES: Readonly<Record<Right['resource'], string>> = {
  TOPIC: 'topic',
  GROUP: 'group',
  TRANSACTIONAL_ID: 'transactional id',
};
const nameOf = ({ name, pattern }: Right): string => code(pattern === 'PREFIXED' ? `${name}*` : name);

function roleSection(role: (typeof ROLES)[number]): string {
  const rows = roleRights(role, PLAIN).map((right) => [
    code(right.operation),
    RESOURCES[right.resource],
    nameOf(right),
    right.why,
    WITHOUT[right.need],
  ]);
  return [
    `## ${role[0]!.toUpperCase()}${role.slice(1)}`,
    markdownTable(['right', 'of', 'name', 'what for', 'without it'], rows),
    ['```sh', ...grants(role, roleRights(role, SHELL)), '```'].join('\n'),
  ].join('\n\n');
}

/** As the tool names operations: DescribeConfigs. */
const pascalCase = (operation: string): string =>
  operation
    .split('_')
    .map((word) => word[0]! + word.slice(1).toLowerCase())
    .join('');

/** One call for each kind of resource and set of operations. */
function grants(user: string, rights: readonly Right[]): string[] {
  const operations = new Map<string, { of: Right; operations: string[] }>();
  for (const right of rights) {
    const key = `${right.resource} ${right.pattern} ${right.name}`;
    const entry = operations.get(key) ?? { of: right, operations: [] };
    entry.operations.push(right.operation);
    operations.set(key, entry);
  }
  const calls = new Map<string, { of: Right; operations: string[]; names: string[] }>();
  for (const { of, operations: all } of operations.values()) {
    const key = `${of.resource} ${of.pattern} ${all.join(' ')}`;
    const call = calls.get(key) ?? { of, operations: all, names: [] };
    call.names.push(of.name);
    calls.set(key, call);
  }
  return [...calls.values()].map(({ of, operations: all, names }) =>
    [
      `acls --add --allow-principal User:${user}`,
      ...all.map((operation) => `--operation ${pascalCase(operation)}`),
      ...(of.pattern === 'PREFIXED' ? ['--resource-pattern-type prefixed'] : []),
      ...names.map((name) => `--${RESOURCES[of.resource].replace(' ', '-')} "${name}"`),
    ].join(' '),
  ); // prettier-ignore
}

function commandsSection(): string {
  const isAllTopics = (rights: readonly NeededRight[]): boolean =>
    new Set(rights.map(({ name }) => name)).size === Object.keys(TOPICS).length;
  const rows = COMMANDS.map((command) => {
    const rights = commandRights(command, PLAIN);
    const words = isAllTopics(rights)
      ? [`${[...new Set(rights.map(({ operation }) => code(operation)))].join(', ')} all topics`]
      : rights.map((right) => `${code(right.operation)} ${RESOURCES[right.resource]} ${nameOf(right)}`);
    return [code(command), words.join('<br>')];
  });
  return [
    '## Commands',
    '`models history` and `models at` need what `models list` needs; `models release`, `models rollback` and `models resume` need no more ' +
      'than `models activate`.',
    markdownTable(['command', 'rights'], rows),
  ].join('\n\n');
}

export function rightsTables(): string {
  const checks = grants('USER', checkRights(SHELL));
  return [
    ...ROLES.map(roleSection),
    commandsSection(),
    '## Not needed',
    'With `DESCRIBE_CONFIGS` of the topics the service checks their retention and the size of their batches. Without it, it takes Kafka’s ' +
      'default sizes, and a WARN line says that retention is not checked.',
    ['```sh', ...checks, '```'].join('\n'),
  ].join('\n\n');
}
