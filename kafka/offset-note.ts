/** What lies with a committed offset (its metadata, as Kafka calls the text): the id of the topic that it is of. */

const NOTE = /^topic-id=([\w-]{22})$/;

/** The text for an offset of a topic; empty if Kafka gives no ids. */
export const offsetNote = (topicId: string | undefined): string =>
  topicId === undefined ? '' : `topic-id=${topicId}`;

/** The topic id of such a text; undefined for any other text: of an older release, or of one who has set the offset by hand. */
export const topicIdIn = (note: string | null): string | undefined => NOTE.exec(note ?? '')?.[1];
