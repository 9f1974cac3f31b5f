/** The roles of the service: what each reads, under which group, and what it writes. */
import type { Config } from '../config.ts';
import type { StartFrom } from '../kafka/port.ts';
import type { WriterTopics } from '../kafka/writers.ts';

export const ROLES = ['scorer', 'monitor', 'trainer'] as const;
export type RoleName = (typeof ROLES)[number];

/** Consumer groups of the roles. */
export const groupsOf = ({ group }: Pick<Config, 'group'>): Record<RoleName, string> => ({
  scorer: group,
  monitor: `${group}.monitor`,
  trainer: `${group}.trainer`,
});

/** What a role reads and writes. */
export interface RoleTopics extends WriterTopics {
  readonly topic: string;
  readonly groupId: string;
  readonly startFrom: StartFrom;
}

export function roleTopics(
  role: RoleName,
  config: Pick<Config, 'group' | 'startFrom' | 'topics'>,
): RoleTopics {
  const { names } = config.topics;
  const groupId = groupsOf(config)[role];
  switch (role) {
    case 'scorer':
      return {
        ...{ topic: names.customerEvents, groupId, startFrom: config.startFrom },
        outputs: [names.churnScores, names.deadLetters],
        singles: [names.driftCounts],
      };
    case 'monitor':
      return {
        ...{ topic: names.driftCounts, groupId, startFrom: 'earliest' },
        outputs: [names.driftVerdicts, names.retrainEvents],
        singles: [],
      };
    case 'trainer':
      return {
        ...{ topic: names.retrainEvents, groupId, startFrom: 'earliest' },
        outputs: [],
        singles: [names.churnModels, names.modelArtifacts],
      };
  }
}
