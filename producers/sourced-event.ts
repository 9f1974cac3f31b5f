import type { CustomerEvent } from '../schemas/customer/schema.ts';

/** An event and, if the source knows it, whether the customer left. */
export interface SourcedEvent {
  readonly event: CustomerEvent;
  readonly churned: boolean | undefined;
}
