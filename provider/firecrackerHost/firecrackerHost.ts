import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import { declareInputs, type HostResourceArgs, withSecretConnection } from "../hostResource/declareInputs";
import type { Finding } from "./finding";
import type { FirecrackerHostStatus } from "./firecrackerHostContract";
import { hashLocalFiles } from "./hashLocalFiles";
import type { FirecrackerSourceArgs, GuestKernelArgs } from "./sourceArgs";

/** One object for all resources of the kind: Pulumi serializes each object once, which takes 15 ms. */
const provider = forwardingProvider("FirecrackerHost");

const outputNames = [
  "status",
  "firecrackerPath",
  "jailerPath",
  "kernelPath",
  "firecrackerVersion",
  "kernelSha256",
  "architecture",
  "findings",
];

/**
 * The inputs of a {@link FirecrackerHost}. `takeOver` has no effect on it: files are shared by their content, so there
 * is nothing to take from another stack.
 */
export interface FirecrackerHostArgs extends HostResourceArgs {
  /** The release, without a `v`. Default: "1.17.0". A change installs the other one beside it, then removes the old. */
  version?: pulumi.Input<string>;
  /**
   * Where it comes from: `{ url, sha256 }`, `{ mirror, sha256? }`, `{ file, sha256? }` (an archive here) or
   * `{ firecracker, jailer }` (the programs here). Default: the project's release for the host's architecture.
   */
  source?: pulumi.Input<FirecrackerSourceArgs>;
  /** Whether the source has to have a jailer, which VMs are run in. Default: true. */
  jailer?: pulumi.Input<boolean>;
  /**
   * A guest kernel: `{ url, sha256 }` or `{ file, sha256? }`. On x86_64 an uncompressed ELF file (`vmlinux`), on aarch64
   * an Image; a bzImage is refused. Default: none.
   */
  kernel?: pulumi.Input<GuestKernelArgs>;
  /** Whether a host without a KVM that works is an error. Default: true. */
  requireKvm?: pulumi.Input<boolean>;
  /** How long one download may take, in seconds, 1 to 86400. Default: 600. */
  downloadTimeoutSeconds?: pulumi.Input<number>;
}

/**
 * Firecracker, its jailer and a guest kernel on a host, each checked by its SHA-256 sum, and a look at whether the host
 * is fit for microVMs.
 *
 * Creating it looks at the host (KVM, kernel, namespaces, nftables, disk, swap and more: `findings`), fetches what is
 * missing there and checks it before anything is unpacked. Several stacks share the same files; the last one that is
 * destroyed removes them. A refresh notices files that are gone or changed, and the next `pulumi up` mends them.
 *
 * Errors name what failed and what mends it: a host without KVM, an address that does not answer, a wrong sum, an
 * archive or kernel of another architecture or format, a program that says that it is another version.
 *
 * @example
 * ```ts
 * const firecracker = new FirecrackerHost("firecracker", {
 *   connection: { host: "fc.example.com", privateKey: config.requireSecret("key"), hostKey: config.require("hostKey") },
 *   kernel: { file: "vmlinux-6.1" },
 * });
 * export const warnings = firecracker.findings.apply((findings) => findings.filter(({ level }) => level !== "ok"));
 * ```
 */
export class FirecrackerHost extends pulumi.dynamic.Resource {
  /** How the files were last seen: ready, damaged (one is missing or is another one) or absent. */
  declare public readonly status: pulumi.Output<FirecrackerHostStatus>;
  /** Path of `firecracker` on the host. */
  declare public readonly firecrackerPath: pulumi.Output<string>;
  /** Path of `jailer` on the host; absent with `jailer: false`. */
  declare public readonly jailerPath: pulumi.Output<string | undefined>;
  /** Path of the guest kernel on the host; absent without `kernel`. */
  declare public readonly kernelPath: pulumi.Output<string | undefined>;
  /** What the program itself says that it is: "1.17.0". */
  declare public readonly firecrackerVersion: pulumi.Output<string>;
  /** SHA-256 sum of the guest kernel. */
  declare public readonly kernelSha256: pulumi.Output<string | undefined>;
  /** Of the host: x86_64 or aarch64. */
  declare public readonly architecture: pulumi.Output<string>;
  /** What the look at the host has found; `npx fc-agents doctor HOST` shows the same. */
  declare public readonly findings: pulumi.Output<Finding[]>;

  /**
   * What was declared, for resources that build on it.
   *
   * @internal
   */
  public readonly declared: FirecrackerHostArgs;

  public constructor(name: string, args: FirecrackerHostArgs, opts?: pulumi.CustomResourceOptions) {
    const localSha256 = hashLocalFiles(args.source, args.kernel);
    super(
      provider,
      name,
      { ...declareInputs("FirecrackerHost", name, args, outputNames, opts), localSha256 },
      withSecretConnection(opts),
      "fc-agents",
      "FirecrackerHost",
    );
    this.declared = args;
  }
}
