import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface SshAgent {
  readonly socketPath: string;
  stop(): Promise<void>;
}

/** Tells why an agent cannot run here; `undefined` where it can. */
export function findAgentObstacle(): string | undefined {
  return existsSync("/usr/bin/ssh-agent") ? undefined : "ssh-agent is not installed";
}

/** Starts a real ssh-agent whose socket is in `folder`, and gives it the keys in these files. */
export async function startSshAgent(folder: string, keyPaths: readonly string[]): Promise<SshAgent> {
  const socketPath = join(folder, "agent.sock");
  const agent = spawn("ssh-agent", ["-D", "-a", socketPath], { stdio: ["ignore", "pipe", "inherit"] });
  // It prints where it listens as soon as it does.
  await once(agent.stdout, "data");
  const stop = async (): Promise<void> => {
    if (agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = once(agent, "exit");
    agent.kill();
    await ended;
  };
  try {
    for (const path of keyPaths) {
      execFileSync("ssh-add", ["-q", path], {
        env: { ...process.env, SSH_AUTH_SOCK: socketPath },
        stdio: "pipe",
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { socketPath, stop };
}
