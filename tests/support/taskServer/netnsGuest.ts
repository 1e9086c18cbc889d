import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Namespace } from "../namespace";
import type { TaskServer } from "./taskServer";

export interface NetnsAnswer {
  /** 0 where there was no answer. */
  status: number;
  body: string;
}

export interface NetnsCall {
  answer: Promise<NetnsAnswer>;
  /** Ends the guest's process. */
  kill(): void;
}

/** Asks with curl from within a network namespace, as guest scripts do. `from` is the guest's address there. */
export function askFromNetns(
  netns: string,
  server: TaskServer,
  path: string,
  options: { from?: string; data?: string; maxSeconds?: number } = {},
): NetnsCall {
  const { from, data, maxSeconds = 15 } = options;
  const { tapIp, tapPort } = server.identity;
  const child = spawn("ip", [
    ...["netns", "exec", netns, "curl", "-s", "-m", String(maxSeconds), "-w", "\n%{http_code}"],
    ...(from === undefined ? [] : ["--interface", from]),
    ...(data === undefined ? [] : ["--data-binary", data]),
    `http://${tapIp}:${tapPort}${path}`,
  ]);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const answer = once(child, "close").then(() => {
    const text = Buffer.concat(chunks).toString("utf8");
    const end = text.lastIndexOf("\n");
    return { status: Number(text.slice(end + 1)), body: text.slice(0, Math.max(0, end)) };
  });
  return { answer, kill: () => child.kill("SIGKILL") };
}

/** A guest on the other side of a namespace's link. */
export class NetnsGuest {
  private constructor(
    private readonly namespace: Namespace,
    private readonly server: TaskServer,
    public readonly address: string,
  ) {}

  public static async add(namespace: Namespace, server: TaskServer): Promise<NetnsGuest> {
    return new NetnsGuest(namespace, server, await namespace.addGuestAddress());
  }

  public ask(path: string, options: { data?: string; maxSeconds?: number } = {}): NetnsCall {
    return askFromNetns(this.namespace.guestName, this.server, path, { from: this.address, ...options });
  }
}
