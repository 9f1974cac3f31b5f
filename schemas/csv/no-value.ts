/** Words that programs write for no value wherever they stand, in lower case. */
const NO_VALUE = new Set(['na', 'n/a', 'n.a.', 'nan', 'null', '\\n', '?', '#n/a', '#null!', '#value!', '(blank)', '<na>', 'not available']); // prettier-ignore

/** Whether a word means no value, whatever its case. */
export const meansNoValue = (word: string): boolean => NO_VALUE.has(word.toLowerCase());
