/** Whether the topics of a role are as it needs them, given the partitions of each by name (0: it is not there). */
type PartitionCounts = ReadonlyMap<string, number>;

/** Why a role cannot begin: a topic is missing, or an output has fewer partitions than the input. */
export function topicsFault(
  counts: PartitionCounts,
  topic: string,
  outputs: readonly string[],
): string | undefined {
  const missing = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
  if (missing.length > 0) return `topics missing: ${missing.join(', ')} (make them: bankchurn topics create)`;
  const wanted = counts.get(topic)!;
  const short = outputs.filter((output) => counts.get(output)! < wanted);
  return short.length === 0
    ? undefined
    : `fewer partitions than ${topic} (${String(wanted)}): ${short.join(', ')}`;
}

/** Why a partition has to wait: outputs grow before inputs, and one of these has not grown yet. */
export function partitionFault(
  outputs: PartitionCounts,
  topic: string,
  partition: number,
): string | undefined {
  const short = [...outputs].filter(([, count]) => partition >= count).map(([name]) => name);
  if (short.length === 0) return undefined;
  return `${topic} has a partition ${String(partition)}, ${short.join(' and ')} not: add partitions there; it waits`;
}
