import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Namespace } from "../namespace";

const run = promisify(execFile);

const tapMacAddress = "06:fc:00:00:00:01";
const guestDevice = "eth0";

/** Deletes the link between a task server's namespace and its guests, at both ends. */
export async function deleteLink(namespace: Namespace): Promise<void> {
  await namespace.ip("link", "delete", namespace.tapDevice);
}

/** Deletes the server's namespace with its link; another one of its name follows that has no device yet. */
export async function remakeNamespace(namespace: Namespace): Promise<void> {
  const { name } = namespace;
  // A namespace lives on without its name as long as the server is in it, and so would the link.
  await deleteLink(namespace);
  await run("ip", ["netns", "delete", name]);
  await run("ip", ["netns", "add", name]);
}

/** Makes the link as it was: the same addresses, and the same MAC address of the TAP. */
export async function makeLink({ name, guestName, tapDevice, tapIp }: Namespace): Promise<void> {
  const peer = ["type", "veth", "peer", "name", guestDevice, "netns", guestName];
  await run("ip", ["-n", name, "link", "add", tapDevice, "address", tapMacAddress, ...peer]);
  await addAddress(name, tapDevice, tapIp);
  await addAddress(guestName, guestDevice, guestIp(tapIp));
}

/**
 * Moves the guests' end of the link into another namespace, with its addresses: what is there now has none of the
 * connections that the host knows of, as a guest that was restored from a snapshot.
 */
export async function moveGuest({ guestName, tapIp }: Namespace, other: Namespace): Promise<void> {
  await run("ip", ["-n", other.guestName, "link", "delete", guestDevice]);
  await run("ip", ["-n", guestName, "link", "set", guestDevice, "netns", other.guestName]);
  await addAddress(other.guestName, guestDevice, guestIp(tapIp));
}

async function addAddress(netns: string, device: string, address: string): Promise<void> {
  await run("ip", ["-n", netns, "address", "add", `${address}/24`, "dev", device]);
  await run("ip", ["-n", netns, "link", "set", device, "up"]);
}

function guestIp(tapIp: string): string {
  return tapIp.replace(/\d+$/, (last) => String(Number(last) + 1));
}
