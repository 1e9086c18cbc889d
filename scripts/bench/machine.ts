import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { loginEnvironment } from "./benchHost";

/** Where the figures were measured; nothing in it says whose machine it is. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  python: string;
  openssh: string;
  date: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.versions.node,
    python: versionOf("python3", ["--version"]),
    openssh: versionOf("ssh", ["-V"]),
    date: new Date().toISOString().slice(0, 10),
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, python, openssh, date } = machine;
  return (
    `Measured on ${date} by \`npm run bench\`: ${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, ` +
    `Node.js ${node}, Python ${python}, OpenSSH ${openssh}, all over loopback.`
  );
}

/** The first version number that a program prints; ssh says it on standard error. */
function versionOf(command: string, args: readonly string[]): string {
  const text = execFileSync("sh", ["-c", `${command} ${args.join(" ")} 2>&1`], {
    encoding: "utf8",
    env: loginEnvironment,
  });
  return /\d+\.[\w.]+/.exec(text)?.[0] ?? "unknown";
}
