/** What was being done with a connection, and to which address, when the other end closed it: this differs from try to try. */
const RESET = /\b(?:read|write|connect) (?:ECONNRESET|EPIPE)(?: \S+:\d+)?|\bsocket hang up\b/g;

/** One wording for every connection that was reset, so that a cause that lasts is one cause, and is reported once. */
export const oneReset = (message: string): string => message.replace(RESET, 'the connection was reset');
