import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startLineChild } from "./lineChild";
import { ip } from "./worldCommands";

/** What became of an attempt: `silent` is what a drop looks like from inside. */
export type Outcome = "answered" | "silent" | "closed" | (string & {});

export interface Attempt {
  protocol?: "tcp" | "udp";
  address: string;
  port: number;
  /** Another source address than the guest's own. */
  source?: string;
  /** Keeps a connection open under the name, for `useHeld`. */
  holdAs?: string;
}

/** A guest: a network stack in a namespace of its own, at the other end of a TAP device. */
export interface WorldGuest {
  readonly netns: string;
  /** Connects, sends, and waits for an answer. */
  readonly attempt: (attempt: Attempt) => Promise<Outcome>;
  /** Sends over a connection that is open already. */
  readonly useHeld: (name: string) => Promise<Outcome>;
  /** Ends it; a second call does nothing. */
  readonly stop: () => Promise<void>;
}

/** How long an answer may take before it counts as dropped, in seconds: on this machine it takes a millisecond. */
const silenceSeconds = 0.7;

export interface GuestPlace {
  /** Name of the guest's own namespace, which is made. */
  netns: string;
  /** Where the TAP device is. */
  tapNetns: string;
  tapName: string;
  /** Default: 172.16.0.2/24. */
  address?: string;
  /** Default: 172.16.0.1. */
  gateway?: string;
}

/** A question for the address of `example.test`, as DNS words it (RFC 1035). */
const question = "123401000001000000000000076578616d706c6504746573740000010001";

export async function startWorldGuest(place: GuestPlace): Promise<WorldGuest> {
  const { netns, tapNetns, tapName, address = "172.16.0.2/24", gateway = "172.16.0.1" } = place;
  await ip("netns", "add", netns);
  await ip("-n", netns, "tuntap", "add", "eth0", "mode", "tap");
  const script = join(__dirname, "..", "tap_relay.py");
  const relay = spawn("python3", [script, tapNetns, tapName, netns, "eth0"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [first] = (await Promise.race([once(relay.stdout, "data"), once(relay, "exit")])) as [unknown];
  if (!(first instanceof Buffer)) throw new Error(`the relay to ${tapName} did not start`);
  await ip("-n", netns, "link", "set", "lo", "up");
  await ip("-n", netns, "address", "add", address, "dev", "eth0");
  await ip("-n", netns, "link", "set", "eth0", "up");
  await ip("-n", netns, "route", "add", "default", "via", gateway);
  const waiting = new Map<unknown, (outcome: Outcome) => void>();
  let count = 0;
  const ready = new Promise<Outcome>((resolve) => waiting.set(0, resolve));
  const client = startLineChild(join(__dirname, "guest_client.py"), [netns], ({ id, outcome }) => {
    waiting.get(id)?.(String(outcome));
    waiting.delete(id);
  });
  await ready;
  const order = (id: unknown, value: object): Promise<Outcome> =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      client.send({ id, timeoutSeconds: silenceSeconds, ...value });
    });
  const stop = async (): Promise<void> => {
    await client.stop();
    const ended = once(relay, "exit");
    relay.stdin.end();
    await ended;
    await ip("netns", "delete", netns);
  };
  let stopping: Promise<void> | undefined;
  return {
    netns,
    attempt: ({ protocol = "tcp", holdAs, ...rest }) => {
      count += 1;
      const payload =
        protocol === "tcp" ? `${(question.length / 2).toString(16).padStart(4, "0")}${question}` : question;
      return order(holdAs ?? count, { protocol, hold: holdAs !== undefined, payload, ...rest });
    },
    useHeld: (name) => {
      count += 1;
      return order(count, { use: name });
    },
    stop: () => (stopping ??= stop()),
  };
}
