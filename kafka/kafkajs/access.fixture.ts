/** Rules of a cluster's authorizer, as tests set and take them. */
import { kafkajs } from './patches/install.io.ts';
import { libraryOf } from './cluster.fixture.ts';

const { AclOperationTypes, AclResourceTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;

/** What one rule allows. `pattern: 'PREFIXED'`: everything whose name begins with `name`. */
export interface Right {
  readonly operation: keyof typeof AclOperationTypes;
  readonly resource: keyof typeof AclResourceTypes;
  readonly name: string;
  readonly pattern: 'LITERAL' | 'PREFIXED';
}

export interface AccessControl {
  grant(user: string, rights: readonly Right[]): Promise<void>;
  revoke(user: string, rights: readonly Right[]): Promise<void>;
  /** Takes every right away from a user. */
  revokeAll(user: string): Promise<void>;
  close(): Promise<void>;
}

/** @param brokers where the tests may set rules. */
export async function openAccessControl(brokers: string): Promise<AccessControl> {
  const admin = libraryOf(brokers).admin();
  await admin.connect();
  const rule = (user: string, { operation, resource, name, pattern }: Right) => ({
    principal: `User:${user}`,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: AclResourceTypes[resource],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes[pattern],
  });
  return {
    grant: async (user, rights) => {
      if (rights.length > 0) await admin.createAcls({ acl: rights.map((right) => rule(user, right)) });
    },
    revoke: async (user, rights) => {
      if (rights.length > 0) await admin.deleteAcls({ filters: rights.map((right) => rule(user, right)) });
    },
    revokeAll: async (user) => {
      const any = {
        principal: `User:${user}`,
        operation: AclOperationTypes.ANY,
        permissionType: AclPermissionTypes.ANY,
        resourceType: AclResourceTypes.ANY,
        resourcePatternType: ResourcePatternTypes.ANY,
      };
      await admin.deleteAcls({ filters: [any] });
    },
    close: () => admin.disconnect(),
  };
}
