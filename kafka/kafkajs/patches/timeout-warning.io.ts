/** kafkajs sets negative timeouts, which Node 24 warns of (kafkajs#1751). That warning only. */
export function silenceTimeoutWarning(): void {
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    const name = typeof args[1] === 'string' ? args[1] : (args[0] as { name?: string } | undefined)?.name;
    if (name !== 'TimeoutNegativeWarning') emit(...args);
  };
}
