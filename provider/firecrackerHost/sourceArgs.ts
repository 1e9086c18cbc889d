import type * as pulumi from "@pulumi/pulumi";

/**
 * A release's archive that the host downloads. `url`: its address; default: the project's own release for the host's
 * architecture. `sha256`: what it has to be; needed with a `url` of your own and with plain http. Without it, the sum
 * that this package knows counts, and for other versions the `.sha256.txt` beside the archive: that shows that the
 * download is whole, but not who made it.
 */
export interface DownloadedReleaseArgs {
  /** Address of the archive, https:// (http:// only because its hash is checked anyway). */
  url?: pulumi.Input<string>;
  /** SHA-256 sum of the archive, 64 hexadecimal digits. */
  sha256?: pulumi.Input<string>;
}

/** A copy of the project's releases: `<mirror>/v<version>/firecracker-v<version>-<architecture>.tgz`. */
export interface MirroredReleaseArgs {
  /** Address of the folder that has the folders of the versions in it, https:// (http:// only with `sha256`). */
  mirror: pulumi.Input<string>;
  /** SHA-256 sum of the archive. Default: the sum that this package knows, or the `.sha256.txt` beside the archive. */
  sha256?: pulumi.Input<string>;
}

/** A release's archive on the machine that runs Pulumi, which is uploaded where the host has not got it. */
export interface UploadedReleaseArgs {
  /** Path of the archive, from the program's folder. */
  file: pulumi.Input<string>;
  /** SHA-256 sum that the archive has to have. Default: any. */
  sha256?: pulumi.Input<string>;
}

/** The programs themselves on the machine that runs Pulumi, which are uploaded where the host has not got them. */
export interface UploadedProgramsArgs {
  /** Path of `firecracker`, from the program's folder. */
  firecracker: pulumi.Input<string>;
  /** Path of `jailer`. Needed unless `jailer` is false. */
  jailer?: pulumi.Input<string>;
}

/** Where Firecracker comes from. */
export type FirecrackerSourceArgs =
  DownloadedReleaseArgs | MirroredReleaseArgs | UploadedReleaseArgs | UploadedProgramsArgs;

/** Where the guests' kernel comes from: an address with its SHA-256 sum, or a file that is uploaded. */
export type GuestKernelArgs =
  | { url: pulumi.Input<string>; sha256: pulumi.Input<string> }
  | { file: pulumi.Input<string>; sha256?: pulumi.Input<string> };
