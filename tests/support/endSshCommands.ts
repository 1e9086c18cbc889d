import { readdirSync, readFileSync } from "node:fs";

/**
 * Ends what was started through an SSH server of the tests and goes on after its connection was cut: a deployment that
 * is under way would otherwise make a server where a test has cleaned up already.
 */
export function endSshCommands({ port }: { port: number }): void {
  // sshd(8): client's address and port, server's address and port.
  const variable = new RegExp(`(^|\\0)SSH_CONNECTION=\\S+ \\d+ 127\\.0\\.0\\.1 ${port}(\\0|$)`);
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (variable.test(readFileSync(`/proc/${name}/environ`, "latin1")))
        process.kill(Number(name), "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
