import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import type { Namespace } from "./namespace";

const eventSchema = z.object({
  event: z.enum(["run", "posted"]),
  guest: z.string(),
  id: z.string(),
  status: z.number().optional(),
});

export const pieceBytes = 1024 * 1024;

/** Guests that all live in one small process. */
export interface ManyGuests {
  /** How often an agent ran, by the id of its task. */
  readonly runs: ReadonlyMap<string, number>;
  /** Answers to the results, by the id of the task. */
  readonly answers: ReadonlyMap<string, readonly number[]>;
  /** Lets the agents end; until then each of them runs on. */
  release(): void;
  stop(): Promise<void>;
}

/** Starts so many guests in each namespace, each with an address of its own. */
export async function startManyGuests(
  namespaces: readonly Namespace[],
  guestsEach: number,
  tapPort = 8080,
): Promise<ManyGuests> {
  const places: string[] = [];
  for (const namespace of namespaces) {
    for (let count = 0; count < guestsEach; count += 1) {
      places.push(`${namespace.guestName}=${await namespace.addGuestAddress()}`);
    }
  }
  const url = `http://${namespaces[0]?.tapIp ?? ""}:${tapPort}`;
  const child = spawn("python3", ["-IS", join(__dirname, "many_guests.py"), url, ...places], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  child.stdin.on("error", () => undefined);
  const runs = new Map<string, number>();
  const answers = new Map<string, number[]>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { event, id, status = 0 } = eventSchema.parse(JSON.parse(line));
    if (event === "run") runs.set(id, (runs.get(id) ?? 0) + 1);
    else answers.set(id, [...(answers.get(id) ?? []), status]);
  });
  return {
    runs,
    answers,
    release: () => child.stdin.write("\n"),
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The SHA-256 of what a guest answers to `@pieces N`, as hex, and its first and its last piece. */
export function describePieces(count: number): { sha256: string; first: Buffer; last: Buffer } {
  const hash = createHash("sha256");
  for (let number = 0; number < count; number += 1) hash.update(makePiece(number));
  return { sha256: hash.digest("hex"), first: makePiece(0), last: makePiece(count - 1) };
}

function makePiece(number: number): Buffer {
  const line = createHash("sha256").update(String(number)).digest("hex");
  return Buffer.alloc(pieceBytes, `${line}\n`);
}
