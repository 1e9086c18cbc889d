import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { VmImage } from "./findImage";

/** An ordinary kernel says its first words within a fraction of a second. */
const firstWordsMs = 3000;

export type Accelerator = "kvm" | "tcg";

/**
 * KVM where a kernel really boots with it: /dev/kvm may be there and no more than that. The answer is kept beside the
 * image until the machine starts anew.
 */
export async function findAccelerator(image: VmImage): Promise<Accelerator> {
  const file = join(dirname(image.initramfs), "accelerator");
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const [knownFor, known] = existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
  if (knownFor === bootId && (known === "kvm" || known === "tcg")) return known;
  const found = (await canBootWithKvm(image)) ? "kvm" : "tcg";
  writeFileSync(file, `${bootId} ${found}\n`);
  return found;
}

async function canBootWithKvm(image: VmImage): Promise<boolean> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  const machine = ["-M", "microvm,accel=kvm", "-m", "128", "-nodefaults", "-no-user-config", "-no-reboot"];
  const boot = ["-kernel", image.kernel, "-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1"];
  const qemu = spawn("qemu-system-x86_64", [...machine, "-display", "none", "-serial", "stdio", ...boot], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  const ended = once(qemu, "close");
  const timer = setTimeout(() => qemu.kill("SIGKILL"), firstWordsMs);
  qemu.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
    if (said.includes("Linux version")) qemu.kill("SIGKILL");
  });
  await ended;
  clearTimeout(timer);
  return said.includes("Linux version");
}
