import { decodeKey, readKeyType } from "./hostKey";

/** What the input `hostKey` allows. */
export interface ExpectedHostKeys {
  blobs: readonly Buffer[];
  /** `SHA256:…`, without padding. */
  fingerprints: readonly string[];
}

const fingerprintWord = /^SHA256:([A-Za-z0-9+/]{43})=?$/;

/**
 * Reads the input `hostKey`: lines in authorized_keys form ("type base64 comment"), as `ssh-keyscan` or
 * `ssh-keygen -l` print them, bare base64, or bare fingerprints. `undefined` when a line is none of these.
 */
export function parseHostKey(text: string): ExpectedHostKeys | undefined {
  const blobs: Buffer[] = [];
  const fingerprints: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === undefined || words[0] === "" || words[0].startsWith("#")) continue;
    const fingerprint = words
      .map((word) => fingerprintWord.exec(word)?.[1])
      .find((found) => found !== undefined);
    const blob = findKey(words);
    if (blob !== undefined) blobs.push(blob);
    else if (fingerprint !== undefined) fingerprints.push(`SHA256:${fingerprint}`);
    else return undefined;
  }
  return blobs.length + fingerprints.length === 0 ? undefined : { blobs, fingerprints };
}

function findKey(words: readonly string[]): Buffer | undefined {
  for (const [index, word] of words.entries()) {
    const blob = decodeKey(word);
    if (blob === undefined) continue;
    const type = words[index - 1];
    // A name in front that contradicts the key itself is a key that was pasted wrongly.
    return type === undefined || type === readKeyType(blob) ? blob : undefined;
  }
  return undefined;
}
