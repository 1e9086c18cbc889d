import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import { declareInputs, type HostResourceArgs, withSecretConnection } from "../hostResource/declareInputs";
import type { ImageStatus } from "./guestRootfsContract";

const provider = forwardingProvider("GuestRootfs");

const outputNames = [
  "imagePath",
  "status",
  "contentHash",
  "agentHash",
  "sizeBytes",
  "builtAt",
  "bootArgs",
] as const;

/** The inputs of a {@link GuestRootfs}. */
export interface GuestRootfsArgs extends HostResourceArgs {
  /**
   * Name of the image's folder on the host, at most 64 characters. Default: derived from the resource's name, project
   * and stack. A change replaces the image.
   */
  name?: pulumi.Input<string>;
  /** The release of the distribution, as debootstrap names it. Default: "noble" (Ubuntu 24.04). */
  suite?: pulumi.Input<string>;
  /** Where its packages come from. Default: "http://archive.ubuntu.com/ubuntu"; signatures are always verified. */
  mirror?: pulumi.Input<string>;
  /** Components of the release. Default: `["main", "universe"]`; for Debian `["main"]`. */
  components?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Further suites on the same mirror, whose packages are newer. Default: the suite's `-updates` and `-security`; for
   * Debian, whose security suite is on a mirror of its own, `["bookworm-updates"]` or `[]`.
   */
  updateSuites?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * File on the host with the distribution's public keys. Default: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
   * which a Debian host does not have by itself.
   */
  keyring?: pulumi.Input<string>;
  /** Size of the file system, in MiB, 512 to 1048576; the file is sparse. Default: 4096. */
  sizeMib?: pulumi.Input<number>;
  /** Packages beside ca-certificates, curl, git, iproute2, procps and less. Default: none. */
  packages?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * An archive of Node.js for the host's architecture, as nodejs.org has it. Default: version 24.14.0 from there, since
   * Claude Code asks for 22 or newer and the distributions' packages are older.
   */
  nodeUrl?: pulumi.Input<string>;
  /** SHA-256 of that archive; required with `nodeUrl`. */
  nodeSha256?: pulumi.Input<string>;
  /** The npm registry. Default: npm's own. */
  npmRegistry?: pulumi.Input<string>;
  /**
   * The exact version of Claude Code. Default: "2.1.331", the one that this package was tested with; another default, in
   * a newer version of this package, builds the image anew.
   */
  claudeCodeVersion?: pulumi.Input<string>;
  /**
   * The `sha512-…` of the npm packages that may be installed for it: `@anthropic-ai/claude-code` and, for the host's
   * architecture, `@anthropic-ai/claude-code-linux-x64` or `-arm64` (`npm view PACKAGE@VERSION dist.integrity`).
   * Anything else is refused before any code of it runs. Default: what the registry has under that version.
   */
  claudeCodeIntegrity?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * IP addresses of the guest's name servers, one to three; the kernel's `ip=` and `fc_agents.dns=` come before them.
   * A change replaces one file in the image. Default: `["1.1.1.1", "8.8.8.8"]`.
   */
  resolvers?: pulumi.Input<pulumi.Input<string>[]>;
  /** Any text, such as a date: another one builds the image anew although nothing else has changed. Default: none. */
  force?: pulumi.Input<string>;
  /** How long a build may take, in seconds, 30 to 86400. Default: 1800. */
  timeoutSeconds?: pulumi.Input<number>;
}

/**
 * A root filesystem for guests on a Firecracker host: Ubuntu with git, curl, Node.js, Claude Code and the guest agent
 * as its first process, in one ext4 file.
 *
 * It is built on the host with debootstrap, which takes some minutes, and built again only when an input changes. A
 * newer guest agent, which comes with a newer version of this package, is put into the image as it is, within seconds.
 * Machines that run from the old image keep it. A refresh notices an image that is gone or was written to. The host
 * needs root, debootstrap, e2fsprogs, gpgv, tar, xz-utils, the distribution's keyring and 3.5 GiB of room; nothing is
 * mounted outside of the build's own processes.
 *
 * The distribution's signatures are verified, and Node.js and Claude Code are pinned. Their installation scripts run as
 * root on the host, with the tree as their root folder.
 *
 * Errors name what failed, on which host, why, and what mends it: tools, a keyring or room that is missing, a mirror or
 * registry that cannot be reached, a checksum that is another one, packages that do not exist, an image that is too
 * small, with the last lines that the failing program has printed.
 *
 * @example
 * ```ts
 * const rootfs = new GuestRootfs("agent", {
 *   connection: { host: "fc.example.com", privateKey: config.requireSecret("key"), hostKey: config.require("hostKey") },
 *   packages: ["python3", "build-essential"],
 *   sizeMib: 8192,
 * });
 * export const drive = { pathOnHost: rootfs.imagePath, bootArgs: rootfs.bootArgs };
 * ```
 */
export class GuestRootfs extends pulumi.dynamic.Resource {
  /** The ext4 file on the host. */
  declare public readonly imagePath: pulumi.Output<string>;
  /** How the image was last seen: present, absent, or damaged (somebody has written to it). */
  declare public readonly status: pulumi.Output<ImageStatus>;
  /** SHA-256 over all inputs that matter and the guest agent, in hexadecimal digits. */
  declare public readonly contentHash: pulumi.Output<string>;
  /** SHA-256 of the guest agent in the image, in hexadecimal digits. */
  declare public readonly agentHash: pulumi.Output<string>;
  /** Size of the file system, in bytes; the file itself takes less, since it is sparse. */
  declare public readonly sizeBytes: pulumi.Output<number>;
  /** When the image was built, ISO 8601 in UTC; absent while there is none. */
  declare public readonly builtAt: pulumi.Output<string | undefined>;
  /** Recommended arguments of the guest's kernel: they start the guest agent as the first process. */
  declare public readonly bootArgs: pulumi.Output<string>;

  /**
   * What was declared.
   *
   * @internal
   */
  public readonly declared: GuestRootfsArgs;

  public constructor(name: string, args: GuestRootfsArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      declareInputs("GuestRootfs", name, args, outputNames, opts),
      withSecretConnection(opts),
      "fc-agents",
      "GuestRootfs",
    );
    this.declared = args;
  }
}
