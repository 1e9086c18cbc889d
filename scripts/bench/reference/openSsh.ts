import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sshd } from "../../../tests/support/sshd";

/** Runs a command on the host and returns what it printed. Each call is a connection of its own. */
export type SshCall = (command: string, input?: string | Buffer) => Promise<Buffer>;

/** The OpenSSH client as people's scripts use it. */
export async function openSsh(sshd: Sshd): Promise<SshCall> {
  const knownHosts = join(sshd.folder, "known_hosts");
  await writeFile(knownHosts, `${sshd.knownHostsLine}\n`);
  const options = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "LogLevel=ERROR",
    `UserKnownHostsFile=${knownHosts}`,
  ];
  const args = [
    ...["-F", "/dev/null", "-i", sshd.privateKeyPath, "-p", String(sshd.port)],
    ...options.flatMap((option) => ["-o", option]),
    `${sshd.user}@127.0.0.1`,
  ];
  return async (command, input) => {
    const child = spawn("ssh", [...args, command], { stdio: ["pipe", "pipe", "inherit"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [exitCode] = (await once(child, "close")) as [number | null];
    if (exitCode !== 0) throw new Error(`ssh ended with ${exitCode ?? "a signal"}: ${command}`);
    return Buffer.concat(output);
  };
}
