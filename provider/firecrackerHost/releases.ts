/** The release that is installed where none is named: the newest one when this version of the package was made. */
export const defaultVersion = "1.17.0";

/** Where the project keeps its releases: below it, a folder for each, `v1.17.0`, with its archives. */
export const releasesUrl = "https://github.com/firecracker-microvm/firecracker/releases/download";

/**
 * SHA-256 sums of releases' archives by version and architecture, from the `.sha256.txt` files that the project
 * publishes beside them. Having them here means that whoever changes an archive has to change this package too.
 */
export const knownSums: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "1.17.0": {
    x86_64: "06094a1108ae9e82aa4c23a775aa92758f53f1175d422270d9d6162cb9ade558",
    aarch64: "e351ebe4f7a16b5873bbd51005d2e6767103cff4d5ebc829df2d3f95a93e2256",
  },
};
