import type { Place } from "./benchHost";
import { startProgram, type Program } from "./startProgram";
import type { Defer } from "./undo";

/** What guest scripts sleep after an empty answer, in seconds. */
const pauseSeconds = 1;

/** Starts guests that poll a place's address, one for each source address; none means the one that routing gives. */
export function startGuests(defer: Defer, place: Place, sources: readonly string[] = []): Program {
  const url = `http://${place.tapIp}:${place.tapPort}`;
  return startProgram(defer, place.onGuest, "guest.py", [url, pauseSeconds, ...sources]);
}

/** A task for those guests. */
export function guestTask(wish: { bytes?: number; delayMs?: number }): { prompt: string } {
  return { prompt: JSON.stringify(wish) };
}

export const defaultResultBytes = 100;
