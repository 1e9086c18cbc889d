import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import { secretFields } from "../forward/secretFields";
import { wellFormed } from "../forward/wellFormed";
import { declareInputs, type HostResourceArgs, withSecretConnection } from "../hostResource/declareInputs";
import type {
  BalloonArgs,
  BootSourceArgs,
  CpuConfigArgs,
  DriveArgs,
  JailerArgs,
  LoggerArgs,
  MachineArgs,
  MmdsArgs,
  NetworkInterfaceArgs,
  RateLimiterArgs,
  RestoreArgs,
  VmNetwork,
} from "./microVmArgs";
import type { VmState, VmStatus } from "./microVmContract";
import { withNetwork } from "./withNetwork";

const provider = forwardingProvider("MicroVm");

const outputNames = [
  ...["status", "vmId", "pid", "startedAt", "apiSocket", "workingRoot", "serialLogPath", "vmmVersion"],
  ...["exitCode", "exitSignal", "endedAt"],
];

/** The inputs of a {@link MicroVm}. Either `bootSource` or `restore` says what it starts from. */
export interface MicroVmArgs extends HostResourceArgs {
  /**
   * The VM's name on the host: letters, digits and hyphens, at most 20. Default: derived from the resource, such as
   * vm-0123456789ab. A change replaces the VM.
   */
  vmName?: pulumi.Input<string>;
  /**
   * Whether the VM runs, is paused, or is stopped; "on-demand" leaves it to whoever uses it, such as an `AgentRun`, to
   * start and stop it. From stopped it boots or restores anew. A change updates the VM. Default: "running".
   */
  state?: pulumi.Input<VmState>;
  /** Processors and memory. Not with `restore`. A change replaces the VM. Default: 1 vCPU and 512 MiB. */
  machine?: pulumi.Input<MachineArgs>;
  /** A custom CPU template. Not with `restore`. A change replaces the VM. Default: none. */
  cpuConfig?: pulumi.Input<CpuConfigArgs>;
  /** What it boots. Not with `restore`. A change replaces the VM. */
  bootSource?: pulumi.Input<BootSourceArgs>;
  /**
   * Block devices, in the order in which the guest finds them. Not with `restore`, which brings the ones of the
   * snapshot. Rate limiters, and the file of a drive other than the root, change in the VM that runs; any other change
   * replaces it. Default: none.
   */
  drives?: pulumi.Input<pulumi.Input<DriveArgs>[] | undefined>;
  /**
   * A network of this package, whose namespace and TAP device are taken over: `netns`, and an interface `eth0` with
   * the address 06:fc:00:00:00:02 where none is declared.
   */
  network?: VmNetwork;
  /**
   * Network cards. Not with `restore`. Rate limiters change in the VM that runs; any other change replaces it.
   * Default: one for `network`, else none.
   */
  networkInterfaces?: pulumi.Input<pulumi.Input<NetworkInterfaceArgs>[]>;
  /**
   * A vsock device with this context id, at least 3; its socket is v.sock in the VM's working root. Not with
   * `restore`. A change replaces the VM. Default: none.
   */
  vsock?: pulumi.Input<{ guestCid: pulumi.Input<number> }>;
  /** A source of randomness; `{}` for one without limit. Not with `restore`. A change replaces the VM. Default: none. */
  entropy?: pulumi.Input<{ rateLimiter?: pulumi.Input<RateLimiterArgs> }>;
  /**
   * A balloon. Not with `restore`. Size and interval change in the VM that runs; any other change replaces it.
   * Default: none.
   */
  balloon?: pulumi.Input<BalloonArgs>;
  /**
   * Data for the guest, at a link-local address. With `restore` its `data` only. The data change in the VM that runs;
   * any other change replaces it. Default: none.
   */
  mmds?: pulumi.Input<MmdsArgs>;
  /** What Firecracker logs. A change replaces the VM. Default: warnings, into the serial log. */
  logger?: pulumi.Input<LoggerArgs>;
  /**
   * Firecracker's metrics, as JSON lines in the file `metricsPath` of the VM's folder `output`. A change replaces the
   * VM. Default: none.
   */
  metrics?: pulumi.Input<{ metricsPath?: pulumi.Input<string> }>;
  /** The snapshot that it goes on from. A change replaces the VM. Default: none, it boots. */
  restore?: pulumi.Input<RestoreArgs>;
  /** Name of the network namespace that Firecracker runs in. A change replaces the VM. Default: that of `network`. */
  netns?: pulumi.Input<string | undefined>;
  /**
   * Path of Firecracker on the host. A change replaces the VM. Default: the newest that a `FirecrackerHost` has
   * installed, else the one on PATH.
   */
  firecrackerPath?: pulumi.Input<string | undefined>;
  /** Path of the jailer on the host. A change replaces the VM. Default: the one beside Firecracker. */
  jailerPath?: pulumi.Input<string | undefined>;
  /**
   * How the jailer confines Firecracker: a user of its own, a root with the VM's files only, cgroups. False for no
   * jailer. A change replaces the VM. Default: on, where the host has a jailer and the login is root.
   */
  jailer?: pulumi.Input<JailerArgs | false | undefined>;
  /**
   * A start waits until the VM has printed this on its serial console, 60 seconds by default. When it does not come,
   * the error shows the console's last lines, and nothing of the VM is left (of one that was there before: it is
   * stopped). A change is used at the next start. Default: none.
   */
  waitForSerial?: pulumi.Input<{ text: pulumi.Input<string>; timeoutSeconds?: pulumi.Input<number> }>;
  /**
   * How much is kept of what the VM prints, in bytes, at least 4096: the first half of it, and the end. A change is
   * used at the next start. Default: 1048576 (1 MiB).
   */
  serialLogBytes?: pulumi.Input<number>;
  /**
   * How long a stop waits after Ctrl-Alt-Del (x86 only) before it ends the process, in seconds, 0 to 300. A change is
   * used at the next stop. Default: 5.
   */
  shutdownTimeoutSeconds?: pulumi.Input<number>;
}

/**
 * A Firecracker microVM: one process with an API socket, on a host that is reached over SSH.
 *
 * Creating it starts Firecracker, in a jail where the host has a jailer, and boots a kernel or restores a snapshot.
 * Updating changes in the running VM what its API can change, and starts it anew when it has ended. Deleting presses
 * Ctrl-Alt-Del, ends exactly the process that was started, and removes all its files. A preview reaches no host. A
 * refresh notices a VM that has ended, is paused, or belongs to another stack by now.
 *
 * Errors name what failed, on which host, why, and what mends it: a file that is missing, by the input that names it;
 * what Firecracker refused, in its own words, with the call; a process that ended, with its exit code or signal and
 * the last lines of the serial console.
 *
 * @example
 * ```ts
 * const network = new HostNetwork("agent-1", { connection, netns: "fc-agent-1" });
 * const vm = new MicroVm("agent-1", {
 *   connection,
 *   network,
 *   machine: { vcpuCount: 2, memSizeMib: 2048 },
 *   bootSource: { kernelImagePath: "/var/lib/images/vmlinux" },
 *   drives: [{ driveId: "rootfs", pathOnHost: "/var/lib/images/rootfs.ext4", isRootDevice: true }],
 *   waitForSerial: { text: "login:", timeoutSeconds: 60 },
 * });
 * ```
 */
export class MicroVm extends pulumi.dynamic.Resource {
  /** How the VM was last seen: running, paused, unready, stopped, ended, absent or taken-over. */
  declare public readonly status: pulumi.Output<VmStatus>;
  /** Its name on the host, which is its id for Firecracker and the jailer too. */
  declare public readonly vmId: pulumi.Output<string>;
  /** Process id of Firecracker on the host; absent while it does not run. */
  declare public readonly pid: pulumi.Output<number | undefined>;
  /** When the process was started, ISO 8601 in UTC. */
  declare public readonly startedAt: pulumi.Output<string | undefined>;
  /** Path of the API's Unix socket on the host; absent while it does not run. */
  declare public readonly apiSocket: pulumi.Output<string | undefined>;
  /** Folder that Firecracker works in, with drives and vsock socket; absent while it does not run. */
  declare public readonly workingRoot: pulumi.Output<string | undefined>;
  /** Path on the host of what it has printed last; serial.head.log beside it has the beginning of a long log. */
  declare public readonly serialLogPath: pulumi.Output<string | undefined>;
  /** Version of Firecracker. */
  declare public readonly vmmVersion: pulumi.Output<string | undefined>;
  /** Exit code of a process that has ended by itself. */
  declare public readonly exitCode: pulumi.Output<number | undefined>;
  /** Signal that ended the process, such as SIGKILL. */
  declare public readonly exitSignal: pulumi.Output<string | undefined>;
  /** When the process ended, ISO 8601 in UTC. */
  declare public readonly endedAt: pulumi.Output<string | undefined>;

  /**
   * What was declared, with what `network` stands for. Resources that use the VM take these inputs over and not the
   * outputs, which are unknown in a preview.
   *
   * @internal
   */
  public readonly declared: Omit<MicroVmArgs, "network">;
  /** Whose the VM is on its host. @internal */
  declare public readonly stableKey: pulumi.Output<string>;

  public constructor(name: string, args: MicroVmArgs, opts?: pulumi.CustomResourceOptions) {
    const { mmds, ...rest } = withNetwork(args);
    const declared: Omit<MicroVmArgs, "network"> = {
      ...rest,
      // Here already: whoever takes it over must not show it either.
      connection: secretFields(args.connection) as MicroVmArgs["connection"],
      ...(mmds === undefined ? {} : { mmds: secretFields(wellFormed("mmds", mmds)) }),
    };
    super(
      provider,
      name,
      declareInputs("MicroVm", name, declared, outputNames, opts),
      pulumi.mergeOptions({ additionalSecretOutputs: ["mmds"] }, withSecretConnection(opts)),
      "fc-agents",
      "MicroVm",
    );
    this.declared = declared;
  }
}
