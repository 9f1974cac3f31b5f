/** How bad the world is at present. */
export interface Weather {
  /** Probability that a request or its answer is lost. */
  loss: number;
  /** Probability that a request or answer takes long. */
  slow: number;
}
