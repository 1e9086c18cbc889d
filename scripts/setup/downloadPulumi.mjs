import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { toolsFolder } from "./folders.mjs";
import { replaceFolder } from "./replaceFolder.mjs";
import { runCommand } from "./runCommand.mjs";
import { say } from "./say.mjs";

const vendorReleases = "https://get.pulumi.com/releases/sdk";

/** A machine that cannot reach the vendor should find out soon: it has another way. */
const connectTimeoutMs = 8_000;
const downloadTimeoutMs = 180_000;

/**
 * Puts the vendor's release into a folder.
 *
 * @param {string} version
 * @param {string} folder
 * @param {string} [releases] where releases are, for tests
 */
export async function downloadPulumi(version, folder, releases = vendorReleases) {
  const name = `pulumi-v${version}-linux-${arch()}.tar.gz`;
  const checksums = await download(`${releases}/pulumi-${version}-checksums.txt`);
  const archive = await download(`${releases}/${name}`);
  if (archive === undefined) throw new Error(`${releases} has no ${name}`);
  // The vendor's own installer verifies no more than TLS does.
  if (checksums === undefined)
    say("  the vendor publishes no checksums for it, so TLS alone vouches for the archive");
  else checkDigest(archive, name, checksums.toString("utf8"));
  mkdirSync(toolsFolder, { recursive: true });
  const unpacked = mkdtempSync(join(toolsFolder, "pulumi-release-"));
  try {
    const file = join(unpacked, name);
    writeFileSync(file, archive);
    await runCommand("tar", ["-xzf", file, "-C", unpacked], { timeoutMs: 120_000 });
    // Some releases have a folder `bin` inside, others have the programs on top.
    const inner = join(unpacked, "pulumi", "bin");
    replaceFolder(existsSync(inner) ? inner : join(unpacked, "pulumi"), folder);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/**
 * @param {Uint8Array} archive
 * @param {string} name
 * @param {string} checksums lines of `sha256sum`
 */
function checkDigest(archive, name, checksums) {
  const line = checksums.split("\n").find((candidate) => candidate.trim().split(/[\s*]+/)[1] === name);
  if (line === undefined) throw new Error(`the published checksums do not list ${name}`);
  const expected = line.trim().split(/\s+/)[0];
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== expected) throw new Error(`${name} has the SHA-256 ${actual} instead of ${expected}`);
}

/**
 * @param {string} url
 * @returns {Promise<Buffer | undefined>} `undefined` when there is no such file
 */
async function download(url) {
  const abort = new AbortController();
  let timer = setTimeout(() => {
    abort.abort(new Error(`${url} did not answer within ${connectTimeoutMs / 1000} s`));
  }, connectTimeoutMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => {
      abort.abort(new Error(`${url} was not complete within ${downloadTimeoutMs / 1000} s`));
    }, downloadTimeoutMs);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}
