import { createHmac, timingSafeEqual } from "node:crypto";
import { decodeKey, readKeyType } from "./hostKey";

/** One line of a known_hosts file. */
export interface KnownHostsEntry {
  marker: "@revoked" | "@cert-authority" | undefined;
  /** The comma-separated patterns, or one hashed name. */
  hosts: string;
  blob: Buffer;
}

/** What a known_hosts file says of a host. */
export interface KnownHostKeys {
  accepted: readonly Buffer[];
  revoked: readonly Buffer[];
  hasCertAuthority: boolean;
}

/** Reads a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). Like OpenSSH, it passes over broken lines. */
export function parseKnownHosts(text: string): KnownHostsEntry[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || hosts.startsWith("#") || type === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") return [];
    const blob = decodeKey(key);
    return blob === undefined || readKeyType(blob) !== type ? [] : [{ marker, hosts, blob }];
  });
}

/**
 * Finds a host's keys. On a port other than 22 the name is `[host]:port`; like OpenSSH, where there is no
 * such entry, one without a port counts as well. Revoked keys are revoked under both names.
 */
export function findKnownHostKeys(
  entries: readonly KnownHostsEntry[],
  host: string,
  port: number,
): KnownHostKeys {
  const names = port === 22 ? [host] : [`[${host}]:${port}`, host];
  const found = names.map((name) => entries.filter((entry) => matchesHosts(entry.hosts, name.toLowerCase())));
  const all = found.flat();
  const accepted = found.map((group) => group.filter((entry) => entry.marker === undefined));
  return {
    accepted: (accepted.find((group) => group.length > 0) ?? []).map((entry) => entry.blob),
    revoked: all.filter((entry) => entry.marker === "@revoked").map((entry) => entry.blob),
    hasCertAuthority: all.some((entry) => entry.marker === "@cert-authority"),
  };
}

function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return matchesHash(hosts, name);
  const patterns = hosts.toLowerCase().split(",");
  const isNegated = patterns.some(
    (pattern) => pattern.startsWith("!") && matchesPattern(pattern.slice(1), name),
  );
  return !isNegated && patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}

/** `|1|salt|hash`, where the hash is HMAC-SHA1 of the name under the salt. */
function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const computed = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  const stored = Buffer.from(hash, "base64");
  return stored.length === computed.length && timingSafeEqual(stored, computed);
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/\*+/g, "*")
    .replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(name);
}
