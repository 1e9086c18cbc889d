import { readFile } from "node:fs/promises";
import { HostKeyMismatchError } from "../errors/hostKeyMismatchError";
import { HostKeyRevokedError } from "../errors/hostKeyRevokedError";
import { HostKeyUnknownError } from "../errors/hostKeyUnknownError";
import { KnownHostsUnreadableError } from "../errors/knownHostsUnreadableError";
import type { Endpoint } from "./endpoint";
import { describeKey, fingerprint, hostKeyTypes, readKeyType, type HostKeyType } from "./hostKey";
import { findKnownHostKeys, parseKnownHosts } from "./knownHosts";
import { parseHostKey, type ExpectedHostKeys } from "./parseHostKey";

/** Which host keys are accepted. */
export interface HostKeyPolicy {
  /** All types, those of known keys first: the first one that the host has is the one that it shows. */
  readonly typeOrder: readonly HostKeyType[];
  /** True where only a fingerprint is known: then the type of the key has to be found by trying. */
  readonly isTypeUnknown: boolean;
  /** Returns the error that refuses a key, or `undefined` for the right key. */
  readonly judge: (blob: Buffer) => Error | undefined;
}

/** Decides by `insecureIgnoreHostKey`, else by `hostKey`, else by the known_hosts file. */
export async function makeHostKeyPolicy(endpoint: Endpoint): Promise<HostKeyPolicy> {
  if (endpoint.insecureIgnoreHostKey) {
    return { typeOrder: hostKeyTypes, isTypeUnknown: false, judge: () => undefined };
  }
  if (endpoint.hostKey !== undefined) return expectKeys(endpoint, endpoint.hostKey);
  return expectKnownHosts(endpoint);
}

function expectKeys(endpoint: Endpoint, hostKey: string): HostKeyPolicy {
  const expected: ExpectedHostKeys = parseHostKey(hostKey) ?? { blobs: [], fingerprints: [] };
  const allowed = [...expected.blobs.map(describeKey), ...expected.fingerprints];
  return {
    typeOrder: orderTypes(expected.blobs),
    isTypeUnknown: expected.fingerprints.length > 0,
    judge: (blob) =>
      expected.blobs.some((key) => key.equals(blob)) || expected.fingerprints.includes(fingerprint(blob))
        ? undefined
        : new HostKeyMismatchError(
            endpoint.name,
            describeKey(blob),
            allowed,
            `\`${endpoint.inputPath}.hostKey\``,
          ),
  };
}

async function expectKnownHosts(endpoint: Endpoint): Promise<HostKeyPolicy> {
  const path = endpoint.knownHostsPath;
  const entries = parseKnownHosts(await readKnownHosts(endpoint));
  const known = findKnownHostKeys(entries, endpoint.host, endpoint.port);
  return {
    typeOrder: orderTypes(known.accepted),
    isTypeUnknown: false,
    judge: (blob) => {
      const presented = describeKey(blob);
      if (known.revoked.some((key) => key.equals(blob))) {
        return new HostKeyRevokedError(endpoint.name, presented, path);
      }
      if (known.accepted.some((key) => key.equals(blob))) return undefined;
      if (known.accepted.length > 0) {
        return new HostKeyMismatchError(endpoint.name, presented, known.accepted.map(describeKey), path);
      }
      return new HostKeyUnknownError({
        host: endpoint.name,
        presented,
        presentedKey: `${readKeyType(blob) ?? ""} ${blob.toString("base64")}`,
        knownHostsPath: path,
        hostKeyProperty: `${endpoint.inputPath}.hostKey`,
        hasCertAuthority: known.hasCertAuthority,
      });
    },
  };
}

async function readKnownHosts(endpoint: Endpoint): Promise<string> {
  try {
    return await readFile(endpoint.knownHostsPath, "utf8");
  } catch (error) {
    // Whoever never used ssh has no such file; a file that was asked for must be there.
    if (!endpoint.isKnownHostsExplicit && isNotFound(error)) return "";
    throw new KnownHostsUnreadableError(endpoint.name, endpoint.knownHostsPath, error);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function orderTypes(blobs: readonly Buffer[]): HostKeyType[] {
  const known = new Set(blobs.map(readKeyType));
  return [...hostKeyTypes].sort((a, b) => Number(known.has(b)) - Number(known.has(a)));
}
