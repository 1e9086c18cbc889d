import { isIP } from "node:net";
import { formatIpv4Network, parseIpv4Network } from "./ipv4Network";

/** What a guest may reach: one port, over TCP or UDP, at a name or in a range of addresses. */
export interface AllowEntry {
  kind: "name" | "network";
  target: string;
  port: number;
  protocol: "tcp" | "udp";
}

/** How an entry is written, for messages. */
export const allowEntryForm =
  "a name, an IPv4 address or a network with a port, such as api.example.com:443, 10.1.2.0/24:443 or 10.1.2.3:53/udp";

/** RFC 1123, 2.1: labels of letters, digits and hyphens; the last one is not all digits, or it would be an address. */
const namePattern =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads an entry of `egress.allow`; a string says what is wrong with it. */
export function parseAllowEntry(text: string): AllowEntry | string {
  const match = /^(.+):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) return isIP(text) === 6 ? "an IPv4 address: guests have no IPv6" : allowEntryForm;
  // A group that took no part in the match is undefined, which the type of a match does not know.
  const [, target = "", digits = "", protocol]: readonly (string | undefined)[] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return "an entry with a port from 1 to 65535";
  const at = { port, protocol: protocol === "udp" ? protocol : "tcp" } as const;
  if (/^\[|:/.test(target)) return "an entry with an IPv4 address: guests have no IPv6";
  if (/^[\d./]+$/.test(target)) {
    const network = parseIpv4Network(target);
    if (network === undefined) return `${allowEntryForm} (a network starts at its first address)`;
    return { kind: "network", target: formatIpv4Network(network), ...at };
  }
  const name = target.toLowerCase().replace(/\.$/, "");
  return namePattern.test(name) ? { kind: "name", target: name, ...at } : allowEntryForm;
}
