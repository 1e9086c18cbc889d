import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where task servers that run as root keep their folders. */
export const stateRoot = "/var/lib/fc-agents";

/** Where `ip netns` keeps the names of namespaces. */
export const netnsFolder = "/run/netns";

/** How the names of the guests' namespaces end. */
export const guestSuffix = "-guest";

/** TAP devices get the same address in every namespace, so that a restored guest finds its host again. */
const tapMacAddress = "06:fc:00:00:00:01";

const tapDevice = "tap0";
const guestDevice = "eth0";
const prefixLength = 24;

let counter = 0;

export interface NamespaceOptions {
  /** `veth`: a pair of virtual Ethernet devices. `tap`: two TAP devices that a process joins. Default: veth. */
  kind?: "veth" | "tap";
  /** Default: 172.16.0.1. The guests have the addresses that follow. */
  tapIp?: string;
}

/** A network namespace for a task server, and one for its guests at the other end of a link. */
export interface Namespace {
  /** Name of the server's namespace, for `netns`. */
  readonly name: string;
  readonly guestName: string;
  readonly tapIp: string;
  readonly tapDevice: string;
  /** Adds an address on the guests' side and returns it; the first call returns the one that is there already. */
  addGuestAddress(): Promise<string>;
  /** Runs `ip` in the server's namespace. */
  ip(...args: string[]): Promise<string>;
  /** Processes in the server's namespace, and the task servers outside that serve it. */
  listProcesses(): Promise<number[]>;
  /** Addresses in the server's namespace on which something listens. */
  listSockets(): Promise<string[]>;
  /** Ends what runs in both namespaces and removes them, with the folders of their task servers. */
  remove(): Promise<void>;
}

/** Tells why no namespace can be made here; `undefined` where it can. */
export function findNamespaceObstacle(kind: "veth" | "tap" = "veth"): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const folders = (process.env.PATH ?? "").split(":").concat("/sbin", "/usr/sbin");
  if (!folders.some((folder) => existsSync(join(folder, "ip")))) return "ip (iproute2) is not installed";
  if (kind === "tap" && !existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  return undefined;
}

/** Makes both namespaces. They go with `remove`, and also when this process dies, in whatever way. */
export async function makeNamespace(options: NamespaceOptions = {}): Promise<Namespace> {
  const { kind = "veth", tapIp = "172.16.0.1" } = options;
  counter += 1;
  // Of one length, so that no name is the beginning of another one.
  const name = `fct-${process.pid}-${String(counter).padStart(3, "0")}`;
  const guestName = `${name}${guestSuffix}`;
  const remover = startRemover([name, guestName]);
  try {
    await run("ip", ["netns", "add", name]);
    await run("ip", ["netns", "add", guestName]);
    const stopRelay = await (kind === "veth" ? linkByVeth : linkByTap)(name, guestName);
    for (const [netns, device, address] of [
      [name, tapDevice, tapIp],
      [guestName, guestDevice, following(tapIp, 1)],
    ] as const) {
      await run("ip", ["-n", netns, "link", "set", "lo", "up"]);
      await run("ip", ["-n", netns, "address", "add", `${address}/${prefixLength}`, "dev", device]);
      await run("ip", ["-n", netns, "link", "set", device, "up"]);
    }
    return describe(name, guestName, tapIp, async () => {
      stopRelay();
      await remover();
    });
  } catch (error) {
    await remover();
    throw error;
  }
}

function describe(name: string, guestName: string, tapIp: string, remove: () => Promise<void>): Namespace {
  let guests = 0;
  return {
    name,
    guestName,
    tapIp,
    tapDevice,
    addGuestAddress: async () => {
      guests += 1;
      const address = following(tapIp, guests);
      if (guests > 1) {
        await run("ip", [
          "-n",
          guestName,
          "address",
          "add",
          `${address}/${prefixLength}`,
          "dev",
          guestDevice,
        ]);
      }
      return address;
    },
    ip: async (...args) => (await run("ip", ["-n", name, ...args])).stdout,
    listProcesses: async () => {
      const { stdout } = await run("ip", ["netns", "pids", name]);
      const inside = stdout.split("\n").filter(Boolean).map(Number);
      return [...new Set([...inside, ...listServers(name)])];
    },
    listSockets: async () => {
      const { stdout } = await run("ip", ["netns", "exec", name, "cat", "/proc/net/tcp"]);
      // The fourth column is the state, 0A means listening (proc(5)); the second one is the local address.
      const rows = stdout.split("\n").map((row) => row.trim().split(/\s+/));
      return rows.filter((row) => row[3] === "0A").map((row) => row[1] ?? "");
    },
    remove,
  };
}

type StopRelay = () => void;

async function linkByVeth(name: string, guestName: string): Promise<StopRelay> {
  const pair = ["peer", "name", guestDevice, "netns", guestName];
  await run("ip", ["-n", name, "link", "add", tapDevice, "address", tapMacAddress, "type", "veth", ...pair]);
  return () => undefined;
}

async function linkByTap(name: string, guestName: string): Promise<StopRelay> {
  await run("ip", ["-n", name, "tuntap", "add", tapDevice, "mode", "tap"]);
  await run("ip", ["-n", name, "link", "set", tapDevice, "address", tapMacAddress]);
  await run("ip", ["-n", guestName, "tuntap", "add", guestDevice, "mode", "tap"]);
  const script = join(__dirname, "tap_relay.py");
  const relay = spawn("python3", [script, name, tapDevice, guestName, guestDevice], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await Promise.race([once(relay.stdout, "data"), once(relay, "exit")]);
  if (relay.exitCode !== null) throw new Error("the relay between the TAP devices did not start");
  relay.unref();
  return () => {
    relay.stdin.end();
  };
}

/** A task server has its folder among its arguments, and the folder the namespace in its name. */
function listServers(name: string): number[] {
  const folder = new RegExp(`(^|\0)${stateRoot}/[^/\0]*${name}[^/\0]*/`);
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && folder.test(readArguments(entry)))
    .map(Number);
}

function readArguments(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

/** The remover waits for the end of a pipe that only this process holds: no signal or crash can keep it from its work. */
function startRemover(names: readonly string[]): () => Promise<void> {
  const script = join(__dirname, "remove-namespaces.sh");
  const remover = spawn("sh", [script, stateRoot, ...names], {
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

/** The IPv4 address that follows another one by so many. */
function following(address: string, distance: number): string {
  const parts = address.split(".").map(Number);
  return [...parts.slice(0, 3), (parts[3] ?? 0) + distance].join(".");
}
