import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Namespace } from "../namespace";
import { findAccelerator, type Accelerator } from "./findAccelerator";
import type { VmImage } from "./findImage";
import { QmpConnection } from "./qmpConnection";

const memoryMib = 256;

/** Without the last two, the kernel hangs in TCG while it calibrates its clock. */
const kernelArguments = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  "reboot=t",
  "no_timer_check",
  "tsc_early_khz=2000000",
];

/** Without a source of random numbers, programs that ask for some stand still for many seconds. */
const processors = { kvm: "host", tcg: "qemu64,+rdrand" } as const;

const quitTimeoutMs = 5000;

export interface QemuGuestOptions {
  image: VmImage;
  /** Its TAP device is the machine's only network card. */
  namespace: Namespace;
  /** Further arguments of the kernel, `fc_agents.…` among them. */
  kernelArguments?: readonly string[];
  /** A file that another machine was saved to; it goes on where that one stopped. */
  restoreFrom?: string;
  /** The machine's clock at its start, as QEMU's -rtc takes it. Default: the host's. */
  clock?: string;
}

/** A virtual machine whose first process is the guest agent. */
export class QemuGuest {
  private constructor(
    private readonly qemu: ChildProcess,
    /** Holds its serial line's output and its monitor, as long as it runs. */
    public readonly folder: string,
    private readonly monitor: QmpConnection,
    public readonly accelerator: Accelerator,
    /** For an end of this process that nobody waits for. */
    private readonly abandon: () => void,
  ) {}

  /** Starts it, and returns as soon as its processor runs. */
  public static async start(options: QemuGuestOptions): Promise<QemuGuest> {
    const { image, namespace, restoreFrom } = options;
    const accelerator = await findAccelerator(image);
    const folder = mkdtempSync(join(tmpdir(), "fc-vm-"));
    const socket = join(folder, "monitor");
    const command = [
      ...["qemu-system-x86_64", "-M", `microvm,accel=${accelerator}`, "-cpu", processors[accelerator]],
      ...["-m", String(memoryMib), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
      ...["-serial", `file:${join(folder, "serial")}`, "-qmp", `unix:${socket},server=on,wait=off`],
      ...["-kernel", image.kernel, "-initrd", image.initramfs],
      ...["-append", [...kernelArguments, ...(options.kernelArguments ?? [])].join(" ")],
      ...["-netdev", `tap,id=n0,ifname=${namespace.tapDevice},script=no,downscript=no`],
      ...["-device", "virtio-net-device,netdev=n0"],
      ...(options.clock === undefined ? [] : ["-rtc", `base=${options.clock}`]),
      ...(restoreFrom === undefined ? [] : ["-incoming", `exec:cat ${restoreFrom}`]),
    ];
    // It runs inside the namespace and goes with it, whatever becomes of the test.
    // Ctrl-C in a terminal is not for it: who started it ends it.
    const qemu = spawn("ip", ["netns", "exec", namespace.name, ...command], {
      stdio: ["ignore", "ignore", "inherit"],
      detached: true,
    });
    const abandon = (): void => {
      qemu.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", abandon);
    try {
      const monitor = await QmpConnection.open(socket);
      const guest = new QemuGuest(qemu, folder, monitor, accelerator, abandon);
      if (restoreFrom !== undefined) {
        await monitor.waitWhile("query-status", "inmigrate");
        await monitor.run("cont");
      }
      return guest;
    } catch (error) {
      process.removeListener("exit", abandon);
      abandon();
      throw error;
    }
  }

  public get pid(): number {
    const { pid } = this.qemu;
    if (pid === undefined) throw new Error("QEMU did not start");
    return pid;
  }

  /** All that has come out of its serial line. */
  public console(): string {
    return readFileSync(join(this.folder, "serial"), "latin1");
  }

  /** Stops its processor and writes the whole machine to a file. */
  public async save(file: string): Promise<void> {
    await this.monitor.run("stop");
    await this.monitor.run("migrate", { uri: `exec:cat > ${file}` });
    const status = await this.monitor.waitWhile("query-migrate", "setup", "active", "device", "completing");
    if (status !== "completed") throw new Error(`saving the machine ended with '${status}'`);
  }

  /** Ends it as a power cut does. */
  public async kill(): Promise<void> {
    this.monitor.close();
    if (this.qemu.exitCode === null && this.qemu.signalCode === null) {
      const ended = once(this.qemu, "exit", { signal: AbortSignal.timeout(quitTimeoutMs) });
      this.qemu.kill("SIGKILL");
      await ended;
    }
    process.removeListener("exit", this.abandon);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
