/** A release of Node.js: its archive and what that has to be. */
export interface NodeRelease {
  url: string;
  sha256: string;
}

const nodeVersion = "24.14.0";

/**
 * The release of Node.js that images get, by the machine's name in `uname -m`. Claude Code 2.1 asks for Node.js 22 or
 * newer (`engines` in its package.json), and the packages of Ubuntu 24.04 and Debian 12 and 13 are older.
 * The hashes are those of the release's SHASUMS256.txt.
 */
export const nodeReleases: Readonly<Record<string, NodeRelease>> = {
  x86_64: {
    url: `https://nodejs.org/dist/v${nodeVersion}/node-v${nodeVersion}-linux-x64.tar.xz`,
    sha256: "41cd79bb7877c81605a9e68ec4c91547774f46a40c67a17e34d7179ef11729df",
  },
  aarch64: {
    url: `https://nodejs.org/dist/v${nodeVersion}/node-v${nodeVersion}-linux-arm64.tar.xz`,
    sha256: "e7adfca03d9173276114a6f2219df1a7d25e1bfd6bbd771d3f839118a2053094",
  },
};
