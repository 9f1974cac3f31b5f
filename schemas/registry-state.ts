/** Whether the schema registry answers, as health and metrics show it. */
export interface RegistryState {
  /** undefined: it was not asked yet. */
  readonly up: boolean | undefined;
  /** Since when, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Why it is down, beginning with its address (without credentials); undefined: it is not. */
  readonly error: string | undefined;
}

export interface RegistrySigns {
  state(): RegistryState;
  /** It has answered as a registry does. */
  heard(): void;
  /** It has not. */
  lost(error: string): void;
}

/** @param now milliseconds since 1970. */
export function createRegistrySigns(now: () => number): RegistrySigns {
  let state: RegistryState = { up: undefined, sinceMs: now(), error: undefined };
  const turn = (up: boolean, error: string | undefined): void => {
    state = { up, error, sinceMs: state.up === up ? state.sinceMs : now() };
  };
  return {
    state: () => state,
    heard: () => turn(true, undefined),
    lost: (error) => turn(false, error),
  };
}
