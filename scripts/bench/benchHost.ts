import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { findNamespaceObstacle, makeNamespace } from "../../tests/support/namespace";
import { findSshdObstacle, startSshd, type Sshd } from "../../tests/support/sshd";
import type { Defer } from "./undo";

/** An address that a server can have, and how programs get to either side of it. */
export interface Place {
  netns: string | undefined;
  tapIp: string;
  tapPort: number;
  /** Words before a command that is to run where the server does. */
  onHost: readonly string[];
  /** Words before a command that is to run where the guests are. */
  onGuest: readonly string[];
}

/** This machine as host: behind an sshd of its own, with a link to a guest. */
export interface BenchHost {
  sshd: Sshd;
  /** Server and guest at the two ends of a veth pair. */
  link: Place;
  /** A loopback device, on which each guest can have an address of its own. */
  loopback: Place;
  /** Inputs that all resources on a place share. */
  inputsAt(place: Place): Record<string, unknown>;
}

/**
 * Where programs are found: what sshd gives to those who log in, so that the reference, its guests and our server run
 * with the same Python, whatever is on the PATH of the person who runs the bench.
 */
export const loginEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
} as const;

/** Not what the linked server has, so that both can run in one namespace. */
const loopbackPort = 8081;

/** Everything runs in namespaces, so that it goes with them; without root it is all on the machine's loopback device. */
export async function makeBenchHost(defer: Defer): Promise<BenchHost> {
  const obstacle = findSshdObstacle() ?? (hasSsh() ? undefined : "OpenSSH's ssh is not installed");
  if (obstacle !== undefined) throw new Error(`the bench cannot run here: ${obstacle}`);
  const sshd = await startSshd();
  defer(() => sshd.stop());
  const oauthToken = `sk-ant-bench-${randomBytes(16).toString("hex")}`;
  const inputsAt = ({ netns, tapIp, tapPort }: Place): Record<string, unknown> => ({
    ...{ connection: sshd.connection(), netns, tapIp, tapPort },
    ...{ oauthToken, maxResultBytes: 256 * 1024 ** 2, timeoutSeconds: 60, stableKey: "bench::FcTaskServer" },
  });
  if (findNamespaceObstacle() !== undefined) {
    const loopback = { netns: undefined, tapIp: "127.0.0.1", tapPort: loopbackPort, onHost: [], onGuest: [] };
    return { sshd, inputsAt, loopback, link: loopback };
  }
  const namespace = await makeNamespace();
  defer(() => namespace.remove());
  const { name: netns, guestName, tapIp } = namespace;
  const onHost = ["ip", "netns", "exec", netns];
  return {
    ...{ sshd, inputsAt },
    link: { netns, tapIp, tapPort: 8080, onHost, onGuest: ["ip", "netns", "exec", guestName] },
    loopback: { netns, tapIp: "127.0.0.1", tapPort: loopbackPort, onHost, onGuest: onHost },
  };
}

function hasSsh(): boolean {
  try {
    execFileSync("ssh", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
