import { createRequire } from "node:module";
import * as z from "zod";
import type { Host } from "../ssh/host";
import type * as MakeSurroundings from "./makeSurroundings";

/**
 * What runs beside a run: the microVM in which the guest is, and the task server where it runs on demand only. Both
 * are handed over as they were declared, with the ids of their resources; the modules that know them check the rest.
 */
const companionSchema = z
  .object({
    // There is none when it could not be made and others go on (`--continue-on-error`); then nothing runs either.
    instanceId: z.string().optional(),
    stableKey: z.string(),
    declared: z.record(z.string(), z.unknown()),
  })
  .optional();

export const companionsShape = {
  microVm: companionSchema,
  onDemandServer: companionSchema,
};

export type Companions = z.infer<z.ZodObject<typeof companionsShape>>;

/** How a microVM has ended. */
export interface GuestEnd {
  /** `exit code 1` or `signal SIGKILL`. */
  how: string;
  /** The last lines of its serial console. */
  serialTail: string;
}

/** Brings up what a run needs, and takes down again what was only up for it. */
export interface RunSurroundings {
  /** From here on this run uses them: another run that ends meanwhile does not stop them. */
  enter(): void;
  /** This run uses them no more. Tells whether no other run of this process does. */
  leave(): boolean;
  /** Has the task server run. */
  prepareServer(host: Host): Promise<void>;
  /** Has the microVM run; the task server listens by then, or the guest would find nobody. */
  wakeGuest(host: Host): Promise<void>;
  /** Resolves when the microVM has ended by itself. */
  watchGuest(host: Host, signal: AbortSignal): Promise<GuestEnd>;
  /** Whether a guest may be at work: its microVM runs, or is none of ours. */
  isGuestUp(): boolean;
  /** Stops what runs on demand, unless a guest is up and its server has tasks that are not finished. */
  rest(host: Host): Promise<void>;
}

/** The surroundings of a run; nothing where server and microVM are none of its business. */
export function openSurroundings(
  inputs: Companions & { ownUrn?: string | undefined },
): RunSurroundings | undefined {
  if (inputs.microVm === undefined && inputs.onDemandServer === undefined) return undefined;
  // Loaded here only: most runs have no microVM of their own, and need not wait for what knows of them.
  const load = createRequire(__filename);
  const { makeSurroundings } = load("./makeSurroundings") as typeof MakeSurroundings;
  return makeSurroundings(inputs);
}
