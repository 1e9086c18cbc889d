import type * as pulumi from "@pulumi/pulumi";

/** A bucket of tokens: what a device may move, and how soon it may move it again. */
export interface TokenBucketArgs {
  /** How much the bucket holds: bytes or operations, by what it is for. */
  size: pulumi.Input<number>;
  /** Milliseconds in which the empty bucket is full again. */
  refillTime: pulumi.Input<number>;
  /** What may be moved once, before the bucket counts. Default: 0. */
  oneTimeBurst?: pulumi.Input<number>;
}

/** Bounds what a device moves. A change reaches the VM that runs. */
export interface RateLimiterArgs {
  /** Bytes. Default: no limit. */
  bandwidth?: pulumi.Input<TokenBucketArgs>;
  /** Operations. Default: no limit. */
  ops?: pulumi.Input<TokenBucketArgs>;
}

/** The virtual machine's processors and memory. */
export interface MachineArgs {
  /** Virtual processors, 1 to 32. Default: 1. */
  vcpuCount?: pulumi.Input<number>;
  /** Memory in MiB. Default: 512. */
  memSizeMib?: pulumi.Input<number>;
  /** Simultaneous multithreading, x86 only; with an even `vcpuCount`. Default: false. */
  smt?: pulumi.Input<boolean>;
  /** Remembers which memory was changed, for snapshots of type `Diff`. Default: false. */
  trackDirtyPages?: pulumi.Input<boolean>;
  /** What backs the memory on the host. Default: "None", pages of 4 KiB. */
  hugePages?: pulumi.Input<"None" | "Transparent" | "2M">;
  /** A static CPU template; Firecracker calls them deprecated, see `cpuConfig`. Default: none. */
  cpuTemplate?: pulumi.Input<"C3" | "T2" | "T2S" | "T2CL" | "T2A" | "V1N1" | "None">;
}

/** A custom CPU template, field by field as Firecracker's `PUT /cpu-config` has it. */
export interface CpuConfigArgs {
  kvmCapabilities?: pulumi.Input<pulumi.Input<string>[]>;
  cpuidModifiers?: pulumi.Input<
    pulumi.Input<{
      leaf: string;
      subleaf: string;
      flags: number;
      modifiers: { register: "eax" | "ebx" | "ecx" | "edx"; bitmap: string }[];
    }>[]
  >;
  msrModifiers?: pulumi.Input<pulumi.Input<{ addr: string; bitmap: string }>[]>;
  regModifiers?: pulumi.Input<pulumi.Input<{ addr: string; bitmap: string }>[]>;
  vcpuFeatures?: pulumi.Input<pulumi.Input<{ index: number; bitmap: string }>[]>;
}

/** What the VM boots. */
export interface BootSourceArgs {
  /** Path on the host of the kernel: an ELF file on x86_64, an image on aarch64. */
  kernelImagePath: pulumi.Input<string>;
  /** The kernel's command line. Default: "console=ttyS0 reboot=k panic=1". */
  bootArgs?: pulumi.Input<string | undefined>;
  /** Path on the host of an initial RAM disk. Default: none. */
  initrdPath?: pulumi.Input<string | undefined>;
}

/** A block device. The guest writes to a copy of its own, which is kept while the VM is stopped. */
export interface DriveArgs {
  /** Letters, digits and underscores. */
  driveId: pulumi.Input<string>;
  /**
   * Path on the host of an image, or of a block device, which is used itself. A change for a drive other than the root
   * reaches the VM that runs.
   */
  pathOnHost: pulumi.Input<string>;
  /** Whether the kernel boots from it. Default: false. */
  isRootDevice?: pulumi.Input<boolean>;
  /** Whether the guest may only read; then the file is shared and no copy. Default: false. */
  isReadOnly?: pulumi.Input<boolean>;
  /** `Writeback` makes a guest's flush reach the disk. Default: "Unsafe". */
  cacheType?: pulumi.Input<"Unsafe" | "Writeback">;
  /** Default: "Sync". */
  ioEngine?: pulumi.Input<"Sync" | "Async">;
  /** Unique id of the root partition, with the root device only. Default: none. */
  partuuid?: pulumi.Input<string>;
  /** Default: no limit. */
  rateLimiter?: pulumi.Input<RateLimiterArgs>;
}

/** A network card, joined to a TAP device of the host. */
export interface NetworkInterfaceArgs {
  /** Letters, digits and underscores. */
  ifaceId: pulumi.Input<string>;
  /** Name of the TAP device. */
  hostDevName: pulumi.Input<string>;
  /** Default: one that the guest makes up. */
  guestMac?: pulumi.Input<string>;
  /** Offered to the guest, in bytes, 68 to 65535; needs a recent Firecracker. Default: none. */
  mtu?: pulumi.Input<number>;
  /** What the guest receives. Default: no limit. */
  rxRateLimiter?: pulumi.Input<RateLimiterArgs>;
  /** What the guest sends. Default: no limit. */
  txRateLimiter?: pulumi.Input<RateLimiterArgs>;
}

/** A device by which the host takes memory back from the guest. */
export interface BalloonArgs {
  /** How much is taken, in MiB. A change reaches the VM that runs. */
  amountMib: pulumi.Input<number>;
  /** Whether the guest gets memory back before it kills processes. Default: true. */
  deflateOnOom?: pulumi.Input<boolean>;
  /** Seconds between two statistics; 0 for none. Default: 0. */
  statsPollingIntervalS?: pulumi.Input<number>;
  /** Needs a recent Firecracker. Default: left out. */
  freePageHinting?: pulumi.Input<boolean>;
  /** Needs a recent Firecracker. Default: left out. */
  freePageReporting?: pulumi.Input<boolean>;
}

/** Data that the guest reads at a link-local address. */
export interface MmdsArgs {
  /** Default: "V2", whose requests need a session token. */
  version?: pulumi.Input<"V1" | "V2">;
  /** Ids of the interfaces through which the guest reads. Default: all. */
  networkInterfaces?: pulumi.Input<pulumi.Input<string>[]>;
  /** Default: Firecracker's, 169.254.169.254. */
  ipv4Address?: pulumi.Input<string>;
  /** Answers as EC2's service does. Default: false. */
  imdsCompat?: pulumi.Input<boolean>;
  /**
   * A JSON object of at most 51200 bytes. A secret: it is on the host in Firecracker's memory only. A change reaches
   * the VM that runs. Default: none.
   */
  data?: pulumi.Input<Record<string, unknown>>;
}

/** What Firecracker logs of itself. */
export interface LoggerArgs {
  /** Name of a file in the VM's folder `output`, of any size. Default: none, it logs to the serial log. */
  logPath?: pulumi.Input<string>;
  /** Default: "Info". */
  level?: pulumi.Input<"Error" | "Warning" | "Info" | "Debug" | "Trace" | "Off">;
  /** Default: false. */
  showLevel?: pulumi.Input<boolean>;
  /** Default: false. */
  showLogOrigin?: pulumi.Input<boolean>;
  /** Logs of this module only. Default: all. */
  module?: pulumi.Input<string>;
}

/** A snapshot that the VM goes on from, instead of booting. */
export interface RestoreArgs {
  /** Path on the host of the VM's state. The drives that it was taken with stand in manifest.json beside it. */
  snapshotPath: pulumi.Input<string>;
  /** The memory: a file, or the socket of a process that handles page faults. */
  memBackend: pulumi.Input<{ type?: pulumi.Input<"File" | "Uffd">; path: pulumi.Input<string> }>;
  /** Default: as it was saved. */
  trackDirtyPages?: pulumi.Input<boolean>;
  /** Other TAP devices than the ones that it was taken with. Default: none. */
  networkOverrides?: pulumi.Input<
    pulumi.Input<{ ifaceId: pulumi.Input<string>; hostDevName: pulumi.Input<string> }>[]
  >;
  /** Another name for the socket of its vsock device, in the VM's working root. Default: none. */
  vsockOverride?: pulumi.Input<{ udsPath: pulumi.Input<string> }>;
  /** x86_64: the guest's clock goes on by the time since the snapshot; needs a recent Firecracker. Default: left out. */
  clockRealtime?: pulumi.Input<boolean>;
  /** Whether it goes on at once; false with `state: "paused"` only. Default: true. */
  resume?: pulumi.Input<boolean>;
}

/** How the jailer confines the process. */
export interface JailerArgs {
  /** User that Firecracker runs as. It has to be the one that the TAP device is for. Default: 60700. */
  uid?: pulumi.Input<number>;
  /** Default: 60700. */
  gid?: pulumi.Input<number>;
  /** Files of the VM's cgroup and what is written to them, such as `{ "memory.max": "1G" }`. Default: none. */
  cgroups?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Default: 2 where the host has it. */
  cgroupVersion?: pulumi.Input<1 | 2>;
  /** Cgroup above the VM's. Default: the jailer's own choice, the name of the program. */
  parentCgroup?: pulumi.Input<string>;
  /** `fsize` in bytes, `no-file` in open files. Default: the jailer's. */
  resourceLimits?: pulumi.Input<{ fsize?: pulumi.Input<number>; "no-file"?: pulumi.Input<number> }>;
  /** Puts the process into a process namespace of its own. Default: false. */
  newPidNs?: pulumi.Input<boolean>;
}

/** A network whose TAP device the VM is joined to, such as a `HostNetwork`. */
export interface VmNetwork {
  readonly declared: {
    netns?: pulumi.Input<string | undefined> | undefined;
    tapName?: pulumi.Input<string> | undefined;
  };
}
