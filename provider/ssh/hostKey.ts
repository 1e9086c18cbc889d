import { createHash } from "node:crypto";

/** The key types that can be negotiated, most wanted first, each with its signature algorithms (no SHA-1). */
export const hostKeyAlgorithms = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
} as const;

export type HostKeyType = keyof typeof hostKeyAlgorithms;

export const hostKeyTypes: readonly HostKeyType[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/** The name in front of a public key's wire form; `undefined` when it is not one. */
export function readKeyType(blob: Buffer): string | undefined {
  if (blob.length < 8) return undefined;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || blob.length <= 4 + length) return undefined;
  const name = blob.toString("latin1", 4, 4 + length);
  return /^[a-z][a-z0-9@.-]+$/.test(name) ? name : undefined;
}

/** A key as OpenSSH shows it: `SHA256:` and base64 without padding. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** A key for people: its type and fingerprint. */
export function describeKey(blob: Buffer): string {
  return `${readKeyType(blob) ?? "unknown type"} ${fingerprint(blob)}`;
}

/** Reads a base64 word that holds a public key; `undefined` when it holds anything else. */
export function decodeKey(word: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(word)) return undefined;
  const blob = Buffer.from(word, "base64");
  return readKeyType(blob) === undefined ? undefined : blob;
}
