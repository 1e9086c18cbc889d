import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findExecutable } from "./findExecutable.mjs";
import { runCommand, tryCommand } from "./runCommand.mjs";
import { step } from "./say.mjs";
import { SetupError } from "./setupError.mjs";

const aptTimeoutMs = 5 * 60_000;

/** What runs the loopback SSH server, networks and namespaces, the task server, and the guests of the tests. */
const needed = [
  { program: "sshd", package: "openssh-server" },
  { program: "ssh-keygen", package: "openssh-client" },
  { program: "ip", package: "iproute2" },
  { program: "nft", package: "nftables" },
  // For the root filesystems of guests.
  { program: "debootstrap", package: "debootstrap" },
  { program: "mkfs.ext4", package: "e2fsprogs" },
  { program: "xz", package: "xz-utils" },
  { program: "python3", package: "python3" },
  { program: "git", package: "git" },
  { program: "curl", package: "curl" },
];

/** Installs what is missing of the system's packages, or names it where that takes rights that we do not have. */
export async function ensureDebianPackages() {
  const missing = needed.filter(({ program }) => findExecutable(program) === undefined);
  const packages = missing.map((entry) => entry.package);
  if (packages.length > 0) await installDebianPackages(packages);
  return needed.map(({ program }) => program).join(", ");
}

/**
 * @param {readonly string[]} packages
 */
export async function installDebianPackages(packages) {
  const names = packages.join(" ");
  if (findExecutable("apt-get") === undefined) {
    throw new SetupError(
      `these packages are missing: ${names} (Debian's names). Install them and try again.`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `these packages are missing. Run this and try again:\n  sudo apt-get install ${names}`,
    );
  }
  await step(`installing Debian packages: ${names}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (/** @type {string[]} */ ...args) =>
      runCommand("apt-get", ["-q", "-y", ...args], { env, timeoutMs: aptTimeoutMs });
    await apt("update");
    await withoutServices(() => apt("install", "--no-install-recommends", ...packages));
    if (packages.includes("openssh-server")) await disableSshService();
  });
}

/**
 * Keeps apt from starting what it installs: a machine that had no SSH server for the world must not get one from us.
 *
 * @param {() => Promise<unknown>} install
 */
async function withoutServices(install) {
  const policy = "/usr/sbin/policy-rc.d";
  // One that the machine has already (containers do) is the administrator's word.
  if (existsSync(policy)) {
    await install();
    return;
  }
  // 101 means 'not allowed' to invoke-rc.d.
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await install();
  } finally {
    rmSync(policy, { force: true });
  }
}

/** The package enables its service for the next start of the machine. */
async function disableSshService() {
  // Without systemd as the running init (`sd_booted(3)`) nothing starts by itself.
  if (!existsSync("/run/systemd/system")) return;
  await tryCommand("systemctl", ["disable", "ssh.service", "ssh.socket"], { timeoutMs: 30_000 });
}
