import { isIPv4 } from "node:net";

/** A range of IPv4 addresses, such as 10.1.2.0/24. */
export interface Ipv4Network {
  /** The first address, as a number. */
  readonly first: number;
  /** The last address, as a number. */
  readonly last: number;
  readonly prefix: number;
}

/** Reads `10.1.2.0/24`; a plain address is a network of one. `undefined` for anything else, and for set host bits. */
export function parseIpv4Network(text: string): Ipv4Network | undefined {
  const match = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(text);
  const [, address = "", length = "32"] = match ?? [];
  if (!isIPv4(address) || Number(length) > 32) return undefined;
  const network = networkAround(address, Number(length));
  return network.first === toNumber(address) ? network : undefined;
}

/** The network of a prefix length that an address is in. */
export function networkAround(address: string, prefix: number): Ipv4Network {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(toNumber(address) / size) * size;
  return { first, last: first + size - 1, prefix };
}

export function containsNetwork(outer: Ipv4Network, inner: Ipv4Network): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(one: Ipv4Network, other: Ipv4Network): boolean {
  return one.first <= other.last && other.first <= one.last;
}

export function formatIpv4Network({ first, prefix }: Ipv4Network): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${parts.join(".")}/${prefix}`;
}

export function toNumber(address: string): number {
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}
