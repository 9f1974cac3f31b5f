/** Fetches, over connections of their own: a broker holds one back until there is something to bring. */
import type { FetchPort } from '../../group/ports.ts';
import { METADATA_MAX_AGE_MS } from '../client.io.ts';
import { translated, type Needs } from '../translate-errors.ts';
import type { Directory } from './directory.io.ts';
import { fetchRequest } from './fetch-request.ts';
import { CODES, errorOf, throwCode } from './refusals.io.ts';

/** Of all partitions of a fetch, but a first batch that is larger. */
const MAX_BYTES = 8_000_000;

/** @param needs what fetching needs rights for. */
export function createFetchPort(directory: Directory, topic: string, needs: Needs): FetchPort {
  const lines = directory.openLines();
  return {
    leaders: (isStale) =>
      translated(async () => {
        const [found] = await directory.leaders([topic], isStale ? 0 : METADATA_MAX_AGE_MS);
        const led = found!.partitions.filter(({ nodeId }) => nodeId >= 0);
        return new Map(led.map(({ partition, nodeId }) => [partition, String(nodeId)]));
      }, needs),
    fetch: (leader, from, maxWaitMs) =>
      translated(async () => {
        const address = directory.address(Number(leader));
        if (address === undefined) throw errorOf(CODES.LEADER_NOT_AVAILABLE, topic);
        const line = await lines.to(address);
        const { code, partitions } = await line.ask(fetchRequest(topic, from, MAX_BYTES, maxWaitMs));
        throwCode(code, topic);
        if (partitions.some((of) => of.code === CODES.TOPIC_AUTHORIZATION_FAILED))
          throw errorOf(CODES.TOPIC_AUTHORIZATION_FAILED, topic);
        return partitions;
      }, needs),
  };
}
