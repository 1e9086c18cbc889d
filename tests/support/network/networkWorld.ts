import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startSshd, type Sshd, type SshdConnection } from "../sshd";
import { findNamespaceObstacle, stateRoot } from "../namespace";
import { startLineChild } from "./lineChild";
import { inNetns, ip } from "./worldCommands";
import { type GuestPlace, startWorldGuest, type WorldGuest } from "./worldGuest";

let counter = 0;

/** What has arrived on the internet or in a private network. */
export interface Arrival {
  protocol: "tcp" | "udp";
  from: string;
  to: string;
  port: number;
}

/** A small world: a host with an SSH server, behind it an internet and a private network. All of it is namespaces. */
export interface NetworkWorld {
  /** The namespace that is the host. */
  readonly hostNetns: string;
  /** What all names of namespaces of this world begin with; those that a test makes have to. */
  readonly prefix: string;
  readonly sshd: Sshd;
  /** `connection` of the resources. */
  readonly connection: () => SshdConnection;
  /** The host's device towards the internet. */
  readonly uplink: string;
  /** The host's address there. */
  readonly hostAddress: string;
  /** Runs `ip` on the host. */
  readonly ip: (...args: string[]) => Promise<string>;
  /** Runs a command on the host, or in another namespace of the world. */
  readonly run: (argv: readonly string[], netns?: string) => Promise<string>;
  /** Sets what the name server says of a name. */
  readonly answerName: (name: string, addresses: readonly string[], seconds?: number) => Promise<void>;
  /** Has the name server fail for a name, with a code of RFC 1035. */
  readonly failName: (name: string, code: number) => Promise<void>;
  /** What has arrived so far. */
  readonly arrivals: readonly Arrival[];
  /** A guest at a TAP device; it goes with the world. */
  readonly startGuest: (place: Partial<GuestPlace>) => Promise<WorldGuest>;
  /** Echoes what comes to a TCP port of the host, or of another namespace; the result ends it. */
  readonly serve: (port: number, netns?: string) => Promise<() => Promise<void>>;
  /** Has whoever connects to an address out there reach a port of 127.0.0.1 outside of the world; the result ends it. */
  readonly openDoor: (address: string, port: number, outsidePort: number) => Promise<() => Promise<void>>;
  readonly remove: () => Promise<void>;
}

/** Addresses out there, on each of which servers echo what they get on all of `worldPorts`. */
export const worldAddresses = {
  internet: "203.0.113.1",
  otherInternet: "203.0.113.2",
  dns: "203.0.113.53",
  /** What a cloud answers instances on. */
  metadata: "169.254.169.254",
  privateDns: "10.20.0.53",
  privates: ["10.20.0.2", "10.9.9.9", "172.20.0.2", "192.168.7.7", "100.64.7.7"],
} as const;

export const worldPorts = [53, 80, 443, 8443] as const;

const hostAddress = "203.0.113.10";

/** Tells why no world can be made here; `undefined` where it can. */
export function findWorldObstacle(): string | undefined {
  return findNamespaceObstacle("tap");
}

/** Makes a world. It goes with `remove`, and also when this process dies, in whatever way. */
export async function makeNetworkWorld(): Promise<NetworkWorld> {
  counter += 1;
  const prefix = `fcw-${process.pid}-${String(counter).padStart(3, "0")}`;
  const [hostNetns, outside] = [`${prefix}-host`, `${prefix}-out`];
  const removeNamespaces = startRemover(prefix);
  let sshd: Sshd | undefined;
  try {
    await joinNamespaces(hostNetns, outside);
    const internet = await startInternet(outside);
    sshd = await startSshd({ netns: hostNetns });
    const server = sshd;
    let guests = 0;
    const started: WorldGuest[] = [];
    return {
      hostNetns,
      prefix,
      sshd: server,
      connection: () => server.connection(),
      uplink: "eth0",
      hostAddress,
      ip: (...args) => ip("-n", hostNetns, ...args),
      run: (argv, netns = hostNetns) => inNetns(netns, ...argv),
      answerName: (name, addresses, seconds = 60) => internet.order({ name, addresses, seconds }),
      failName: (name, code) => internet.order({ name, code }),
      arrivals: internet.arrivals,
      startGuest: async (place) => {
        guests += 1;
        const netns = `${prefix}-g${guests}`;
        const guest = await startWorldGuest({ netns, tapNetns: hostNetns, tapName: "tap0", ...place });
        started.push(guest);
        return guest;
      },
      serve: async (port, netns = hostNetns) => {
        const echo = await startInternet(netns, { addresses: ["0.0.0.0"], ports: [port], dns: "" });
        return echo.stop;
      },
      openDoor: (address, port, outsidePort) => openDoor(outside, address, port, outsidePort),
      remove: async () => {
        await Promise.all(started.map((guest) => guest.stop().catch(() => undefined)));
        await internet.stop();
        await server.stop();
        await removeNamespaces();
      },
    };
  } catch (error) {
    await sshd?.stop();
    await removeNamespaces();
    throw error;
  }
}

/** The host has two cards, both towards one namespace that plays everybody else. */
async function joinNamespaces(host: string, outside: string): Promise<void> {
  const { privates, metadata, internet, otherInternet, dns, privateDns } = worldAddresses;
  for (const name of [host, outside]) {
    await ip("netns", "add", name);
    await ip("-n", name, "link", "set", "lo", "up");
  }
  for (const [device, own, other] of [
    ["eth0", `${hostAddress}/24`, [internet, otherInternet, dns]],
    ["lan0", "10.20.0.1/24", [privates[0], privateDns]],
  ] as const) {
    await ip("-n", host, "link", "add", device, "type", "veth", "peer", "name", device, "netns", outside);
    await ip("-n", host, "address", "add", own, "dev", device);
    for (const address of other) await ip("-n", outside, "address", "add", `${address}/24`, "dev", device);
    // No addresses of IPv6: they come and go by themselves, and tests compare what is there before and after.
    for (const name of [host, outside])
      await ip("-n", name, "link", "set", device, "addrgenmode", "none", "up");
  }
  // Whatever the host does not know goes out, as with any router of a provider, and there it would be answered.
  for (const address of [metadata, ...privates.slice(1)]) {
    await ip("-n", outside, "address", "add", `${address}/32`, "dev", "lo");
  }
  await ip("-n", host, "route", "add", "default", "via", internet);
}

interface Internet {
  readonly arrivals: Arrival[];
  readonly order: (value: object) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function startInternet(netns: string, plan: object = worldPlan()): Promise<Internet> {
  const arrivals: Arrival[] = [];
  const confirmations: (() => void)[] = [];
  const child = startLineChild(join(__dirname, "internet.py"), [netns], (line) => {
    if (line["done"] === true) confirmations.shift()?.();
    else arrivals.push(line as unknown as Arrival);
  });
  const order = (value: object): Promise<void> =>
    new Promise((resolve) => {
      confirmations.push(resolve);
      child.send(value);
    });
  await order(plan);
  return { arrivals, order, stop: child.stop };
}

async function openDoor(
  netns: string,
  address: string,
  port: number,
  outsidePort: number,
): Promise<() => Promise<void>> {
  let stop: () => Promise<void> = () => Promise.resolve();
  await new Promise<void>((resolve) => {
    const args = [netns, address, String(port), String(outsidePort)];
    ({ stop } = startLineChild(join(__dirname, "relay_out.py"), args, () => {
      resolve();
    }));
  });
  return stop;
}

function worldPlan(): object {
  const { privates, dns, ...others } = worldAddresses;
  return { addresses: [dns, ...Object.values(others), ...privates], ports: worldPorts, dns };
}

function startRemover(prefix: string): () => Promise<void> {
  const script = join(__dirname, "remove_world.py");
  const remover = spawn("python3", [script, prefix, stateRoot], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  const ended = once(remover, "exit");
  remover.unref();
  return async () => {
    remover.stdin.end();
    remover.ref();
    await ended;
  };
}
