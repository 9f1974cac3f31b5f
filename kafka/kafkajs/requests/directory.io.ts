/** Where things are in a cluster: topics' leaders and coordinators, asked of whichever broker answers. */
import { performance } from 'node:perf_hooks';
import {
  findCoordinatorRequest,
  metadataRequest,
  type Address,
  type CoordinatorKind,
  type Metadata,
  type TopicLeaders,
} from './cluster-requests.ts';
import { createLines, openLine, type LibraryCluster, type Line, type Lines } from './lines.io.ts';
import { errorOf, isAway, throwCode } from './refusals.io.ts';
import type { WireRequest } from './request.ts';

/** Of the brokers that the client was given so many are tried in a call; the next call goes on behind them. */
const BOOTSTRAP_TRIES = 3;
/** No further broker is tried after this long, milliseconds. */
const LOOK_MS = 5000;

/** A cluster, its general connections, and what is known of it. All reject with the library's errors. */
export interface Directory {
  /** One to each broker at most, for what is answered at once. */
  readonly general: Lines;
  /** Connections for a purpose of its own. */
  openLines(): Lines;
  /** The topics' leaders, not older than that. Rejects for a topic that does not exist or may not be seen. */
  leaders(topics: readonly string[], maxAgeMs: number): Promise<readonly TopicLeaders[]>;
  /** Where a broker of the last answer is. */
  address(nodeId: number): Address | undefined;
  coordinator(kind: CoordinatorKind, key: string): Promise<Address>;
  isClosed(): boolean;
  close(): void;
}

export function openDirectory(cluster: LibraryCluster): Directory {
  const general = createLines(cluster);
  const special = new Set<Lines>();
  const topics = new Map<string, { readonly found: TopicLeaders; readonly at: number }>();
  const asking = new Map<string, Promise<Metadata>>();
  let brokers: Metadata['brokers'] = new Map();
  let isClosed = false;

  const askAny = anyBroker(cluster, general, { addresses: () => brokers.values(), isClosed: () => isClosed });

  async function askLeaders(names: readonly string[]): Promise<Metadata> {
    const metadata = await askAny(metadataRequest(names));
    brokers = metadata.brokers;
    const at = performance.now();
    for (const found of metadata.topics) topics.set(found.topic, { found, at });
    return metadata;
  }
  /** Who asks for the same at once shares the answer. */
  function askOnce(names: readonly string[]): Promise<Metadata> {
    const key = [...names].sort().join(',');
    const asked = asking.get(key) ?? askLeaders(names).finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }
  const isFresh = (topic: string, maxAgeMs: number): boolean => {
    const known = topics.get(topic);
    return known?.found.code === 0 && performance.now() - known.at <= maxAgeMs;
  };

  return {
    general,
    openLines: () => {
      const lines = createLines(cluster);
      special.add(lines);
      return {
        ...lines,
        close: () => {
          special.delete(lines);
          lines.close();
        },
      };
    },
    leaders: async (names, maxAgeMs) => {
      if (!names.every((name) => isFresh(name, maxAgeMs))) await askOnce(names);
      return names.map((name) => {
        const found = topics.get(name)?.found;
        if (found === undefined) throw errorOf(3, name);
        throwCode(found.code, name);
        return found;
      });
    },
    address: (nodeId) => brokers.get(nodeId),
    coordinator: async (kind, key) => {
      const { code, host, port } = await askAny(findCoordinatorRequest(kind, key));
      throwCode(code);
      return { host, port };
    },
    isClosed: () => isClosed,
    close: () => {
      isClosed = true;
      for (const lines of [general, ...special]) lines.close();
    },
  };
}

/** What of a directory its requests depend on, as it is when they are made. */
interface Known {
  addresses(): Iterable<Address>;
  isClosed(): boolean;
}

/** Asks open connections first, then known brokers, then those that the client was given. */
function anyBroker(cluster: LibraryCluster, general: Lines, known: Known) {
  let opening: Promise<Line> | undefined;
  /** Who needs one at the same time shares it: each that is added ends the one before it to the same broker, and what waits there. */
  const bootstrap = (): Promise<Line> =>
    (opening ??= openLine(cluster)
      .then((line) => {
        general.add(line);
        return line;
      })
      .finally(() => (opening = undefined)));
  return async <T>(request: WireRequest<T>): Promise<T> => {
    const begun = performance.now();
    const ways = [
      ...general.open().map((line) => () => Promise.resolve(line)),
      ...[...known.addresses()].map((address) => () => general.to(address)),
      ...Array.from({ length: BOOTSTRAP_TRIES }, () => bootstrap),
    ];
    for (let i = 0; ; i++) {
      if (known.isClosed()) throw new Error('the connections are closed');
      try {
        return await (await ways[i]!()).ask(request);
      } catch (error) {
        const isLast = i === ways.length - 1 || known.isClosed() || performance.now() - begun > LOOK_MS;
        if (isLast || !isAway(error)) throw error;
      }
    }
  };
}

/** A coordinator: asked for when it is needed, known until it is forgotten. */
export interface Coordinator {
  line(lines: Lines): Promise<Line>;
  forget(): void;
}

export function followCoordinator(directory: Directory, kind: CoordinatorKind, key: string): Coordinator {
  let address: Promise<Address> | undefined;
  return {
    line: async (lines) => {
      address ??= directory.coordinator(kind, key).catch((error: unknown) => {
        address = undefined;
        throw error;
      });
      return lines.to(await address);
    },
    forget: () => {
      address = undefined;
    },
  };
}
