/** The least rights on Kafka that each role and command needs: docs/rights.md comes from this list, and tests try it. */
import type { TopicNames } from '../schemas/topics.ts';
import type { RoleName } from './role-topics.ts';

/** What one rule of an authorizer allows. `PREFIXED`: everything whose name begins with `name`. */
export interface Right {
  readonly operation: 'READ' | 'WRITE' | 'CREATE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS';
  readonly resource: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID';
  readonly name: string;
  readonly pattern: 'LITERAL' | 'PREFIXED';
}

/**
 * When a holder without the right stands still: `runs`: at any time; `starts`: from its start; `model`: it goes on with the
 * model it has, and follows no change; `never`: something lesser is missing.
 */
export type Need = 'runs' | 'starts' | 'model' | 'never';

export interface NeededRight extends Right {
  readonly need: Need;
  /** What it is for. */
  readonly why: string;
}

/** Commands of operators and clients, by how the page and the tests name them. */
export const COMMANDS = [
  'produce', 'produce --outcomes', 'consume', 'consume --dead-letters', 'explain', 'drift', 'topics create',
  'models list', 'models activate', 'retrain', 'trainer status', 'offsets show', 'offsets adopt',
] as const; // prettier-ignore
export type CommandName = (typeof COMMANDS)[number];

/** The names that a configuration gives. */
export interface Names {
  /** Of the scorers. */
  readonly group: string;
  readonly topics: { readonly names: TopicNames };
}

type Rights = readonly NeededRight[];

const topic = (operation: Right['operation'], name: string, need: Need, why: string): NeededRight => ({
  operation,
  resource: 'TOPIC',
  name,
  pattern: 'LITERAL',
  need,
  why,
});
const group = (name: string, need: Need, why: string): NeededRight => ({
  operation: 'READ',
  resource: 'GROUP',
  name,
  pattern: 'LITERAL',
  need,
  why,
});
/** Of each input partition: `<group>.<topic>.<partition>`. */
const writers = (of: string, input: string): NeededRight =>
  ({ operation: 'WRITE', resource: 'TRANSACTIONAL_ID', name: `${of}.${input}.`, pattern: 'PREFIXED', need: 'runs',
    why: 'transactions of outputs and offsets' }); // prettier-ignore

/** Reading the model log. */
const followsModels = ({ topics: { names } }: Names, need: Need): Rights => [
  topic('READ', names.churnModels, need, 'which model serves'),
];
/** And the bytes of its releases. */
const readsModels = (names: Names, need: Need): Rights => [
  ...followsModels(names, need),
  topic('READ', names.topics.names.modelArtifacts, need, 'the bytes of a release'),
];
const writesModels = ({ group: of, topics: { names } }: Names, need: Need, why: string): Rights => [
  topic('WRITE', names.churnModels, need, why),
  topic('WRITE', names.modelArtifacts, need, why),
  { operation: 'WRITE', resource: 'TRANSACTIONAL_ID', name: `${of}.models`, pattern: 'LITERAL', need, why },
]; // prettier-ignore

const ROLE_RIGHTS: Readonly<Record<RoleName, (names: Names) => Rights>> = {
  scorer: (names) => {
    const { group: of, topics: { names: t } } = names; // prettier-ignore
    return [
      topic('READ', t.customerEvents, 'runs', 'the events'),
      group(of, 'runs', 'shares the partitions of the events, keeps offsets'),
      writers(of, t.customerEvents),
      topic('WRITE', t.churnScores, 'runs', 'the scores'),
      topic('WRITE', t.deadLetters, 'runs', 'events that cannot be scored'),
      topic('WRITE', t.driftCounts, 'runs', 'counts for the monitor'),
      topic('READ', t.churnScores, 'starts', 'where a group without committed offsets goes on'),
      topic('READ', t.deadLetters, 'starts', 'where a group without committed offsets goes on'),
      ...readsModels(names, 'model'),
      ...writesModels(
        names,
        'starts',
        'brings the release of its image, says what became of a new model (not needed with `MODEL_SOURCE=log`)',
      ),
    ];
  },
  monitor: (names) => {
    const { group: of, topics: { names: t } } = names; // prettier-ignore
    return [
      topic('READ', t.driftCounts, 'runs', 'the counts of the scorers'),
      group(`${of}.monitor`, 'runs', 'keeps offsets'),
      writers(`${of}.monitor`, t.driftCounts),
      topic('WRITE', t.driftVerdicts, 'runs', 'its verdicts'),
      topic('WRITE', t.retrainEvents, 'runs', 'asks for a new model'),
      topic('READ', t.driftVerdicts, 'starts', 'goes on from its last verdict'),
      ...followsModels(names, 'model'),
    ];
  },
  trainer: (names) => {
    const { group: of, topics: { names: t } } = names; // prettier-ignore
    return [
      topic('READ', t.retrainEvents, 'runs', 'the requests'),
      group(`${of}.trainer`, 'runs', 'keeps offsets'),
      writers(`${of}.trainer`, t.retrainEvents),
      topic('READ', t.customerEvents, 'runs', 'the events that customers were labelled for'),
      topic('READ', t.customerOutcomes, 'runs', 'the labels'),
      ...readsModels(names, 'runs'),
      ...writesModels(names, 'runs', 'releases a challenger, or says why not'),
    ];
  },
};

const describesTrainers = ({ group: of }: Names): NeededRight => ({
  ...group(`${of}.trainer`, 'runs', 'whether a trainer runs'),
  operation: 'DESCRIBE',
});

const COMMAND_RIGHTS: Readonly<Record<CommandName, (names: Names) => Rights>> = {
  produce: ({ topics }) => [topic('WRITE', topics.names.customerEvents, 'runs', 'the events')],
  'produce --outcomes': ({ topics }) => [
    topic('WRITE', topics.names.customerEvents, 'runs', 'the events'),
    topic('WRITE', topics.names.customerOutcomes, 'runs', 'the outcomes'),
  ],
  consume: ({ topics }) => [
    topic('READ', topics.names.churnScores, 'runs', 'the scores'),
  ],
  'consume --dead-letters': ({ topics }) => [
    topic('READ', topics.names.deadLetters, 'runs', 'the dead letters'),
  ],
  explain: (names) => [
    topic('READ', names.topics.names.customerEvents, 'runs', 'the event'),
    topic('READ', names.topics.names.churnScores, 'runs', 'the published score'),
    ...readsModels(names, 'model'), // of a score whose model MODEL_DIR does not have
  ],
  drift: (names) => [
    topic('READ', names.topics.names.driftVerdicts, 'runs', 'the verdicts'),
    ...followsModels(names, 'runs'),
  ],
  'topics create': ({ topics }) =>
    Object.values(topics.names).flatMap((name) => [
      topic('CREATE', name, 'runs', 'creates it if it is missing'),
      topic('DESCRIBE', name, 'runs', 'whether it is there, with its partitions'),
      topic('DESCRIBE_CONFIGS', name, 'runs', 'whether its settings are as wanted'),
    ]),
  'models list': (names) => followsModels(names, 'runs'),
  'models activate': (names) => [
    ...readsModels(names, 'runs'),
    ...writesModels(names, 'runs', 'writes the change'),
  ],
  retrain: (names) => [
    describesTrainers(names),
    topic('READ', names.topics.names.driftVerdicts, 'runs', 'the numbers of the newest verdict'),
    ...followsModels(names, 'runs'),
    topic('WRITE', names.topics.names.retrainEvents, 'runs', 'asks for a new model'),
  ],
  'trainer status': (names) => [
    describesTrainers(names),
    topic('READ', names.topics.names.retrainEvents, 'runs', 'the requests'),
    ...followsModels(names, 'runs'),
  ],
  'offsets show': ({ group: of, topics: { names } }) => [
    topic('DESCRIBE', names.customerEvents, 'runs', 'its offsets'),
    { ...group(of, 'runs', 'the committed offsets'), operation: 'DESCRIBE' },
    topic('READ', names.churnScores, 'runs', 'the last scores'),
    topic('READ', names.deadLetters, 'runs', 'the last dead letters'),
  ],
  'offsets adopt': (names) => [
    topic('READ', names.topics.names.customerEvents, 'runs', 'commits offsets of it'),
    group(names.group, 'runs', 'commits offsets of it'),
    writers(names.group, names.topics.names.customerEvents),
    topic('WRITE', names.topics.names.churnScores, 'runs', 'ends a transaction that was left open'),
    topic('WRITE', names.topics.names.deadLetters, 'runs', 'ends a transaction that was left open'),
    topic('WRITE', names.topics.names.driftCounts, 'runs', 'ends a transaction that was left open'),
    topic('READ', names.topics.names.churnScores, 'runs', 'the last scores'),
    topic('READ', names.topics.names.deadLetters, 'runs', 'the last dead letters'),
  ],
}; // prettier-ignore

export const roleRights = (role: RoleName, names: Names): Rights => ROLE_RIGHTS[role](names);
export const commandRights = (command: CommandName, names: Names): Rights => COMMAND_RIGHTS[command](names);
/** Not needed: with it, sizes and retention of topics are checked; without, a WARN line says so. */
export const checkRights = ({ topics }: Names): readonly Right[] =>
  Object.values(topics.names).map((name) => ({
    operation: 'DESCRIBE_CONFIGS', resource: 'TOPIC', name, pattern: 'LITERAL',
  })); // prettier-ignore
