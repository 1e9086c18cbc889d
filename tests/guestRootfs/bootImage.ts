import { spawn } from "node:child_process";
import { once } from "node:events";
import type { BootFiles } from "./bootFiles";

export interface BootedImage {
  /** All that has come out of its serial line. */
  console(): string;
  kill(): Promise<void>;
}

/**
 * Boots an image, which stays as it is. QEMU's own network stands in for a TAP device: 172.16.0.1 is this machine's
 * loopback address, as the guest sees it.
 */
export function bootImage(files: BootFiles, image: string, kernelArguments: readonly string[]): BootedImage {
  // The last two of these keep the kernel from hanging in TCG while it calibrates its clock.
  const append = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "reboot=t",
    "no_timer_check",
    "tsc_early_khz=2000000",
  ];
  const qemu = spawn(
    "qemu-system-x86_64",
    [
      ...[
        "-M",
        "microvm,accel=tcg",
        "-cpu",
        "max",
        "-m",
        "1024",
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
      ],
      ...["-display", "none", "-serial", "stdio", "-kernel", files.kernel, "-initrd", files.initramfs],
      ...["-append", [...append, ...kernelArguments].join(" ")],
      ...["-drive", `id=root,if=none,format=raw,snapshot=on,file=${image}`],
      ...["-device", "virtio-blk-device,drive=root"],
      ...[
        "-netdev",
        "user,id=n0,net=172.16.0.0/24,host=172.16.0.1",
        "-device",
        "virtio-net-device,netdev=n0",
      ],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const abandon = (): void => {
    qemu.kill("SIGKILL");
  };
  process.once("exit", abandon);
  let text = "";
  qemu.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  return {
    console: () => text,
    kill: async () => {
      process.removeListener("exit", abandon);
      if (qemu.exitCode !== null || qemu.signalCode !== null) return;
      const ended = once(qemu, "exit");
      qemu.kill("SIGKILL");
      await ended;
    },
  };
}
