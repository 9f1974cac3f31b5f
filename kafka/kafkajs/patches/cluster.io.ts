/** The library's administrative client (`admin/index.js`), of which the cluster is remembered: its brokers take requests that the client has not. */
import type { Admin } from 'kafkajs';

const clusters = new WeakMap<Admin, unknown>();

export const rememberCluster =
  (createAdmin: (options: { readonly cluster: unknown }) => Admin) =>
  (options: { readonly cluster: unknown }): Admin => {
    const admin = createAdmin(options);
    clusters.set(admin, options.cluster);
    return admin;
  };

/** The caller says what of it it uses. */
export const clusterOf = (admin: Admin): unknown => clusters.get(admin);
