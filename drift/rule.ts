/** The settings of the two rules (ADR 18). */
export interface DriftRule {
  /** Events that close a pane. */
  readonly paneEvents: number;
  /** Panes of the alert window. */
  readonly windowPanes: number;
  /** Fewer events in the alert window are no evidence. */
  readonly minEvents: number;
  /** Fewer customers, effectively, are no evidence. */
  readonly minCustomers: number;
  /** PSI of the score over the request window that counts whatever the test says. */
  readonly threshold: number;
  /** Drifted verdicts in a row that make an alert, or a request. */
  readonly persistence: number;
  /** Share of false ones among the series that are found to differ, at most. */
  readonly significance: number;
  /** A series whose effect is below this does not count as drifted. */
  readonly minEffect: number;
  /** The request window holds so many events, and as long a time, at least. */
  readonly requestEvents: number;
  readonly requestMs: number;
  /** After a request the next one waits for so many events, and as long. */
  readonly cooldownEvents: number;
  readonly cooldownMs: number;
  /** Requests within seven days of event time, at most. */
  readonly weeklyRequests: number;
}

/** Parts of the request window. It moves by one of them, so that it stays one whole cycle. */
export const BLOCKS = 8;
/** The PSI alone counts from so many times `minCustomers` on: it has no test that knows the noise. */
export const PSI_CUSTOMERS = 4;
/** A drift has gone when nothing is above this share of what made it one. */
export const GONE = 0.5;
