import type { RunSurroundings } from "../../provider/agentRun/companions";

/** Surroundings that do nothing and note in `calls` what they were asked for; their guest never ends. */
export function fakeSurroundings(
  overrides: Partial<RunSurroundings> = {},
  calls: string[] = [],
): RunSurroundings {
  const note = (call: string): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  return {
    enter: () => undefined,
    leave: () => true,
    prepareServer: () => note("server"),
    wakeGuest: () => note("guest"),
    watchGuest: () => new Promise(() => undefined),
    isGuestUp: () => true,
    rest: () => note("rest"),
    ...overrides,
  };
}
