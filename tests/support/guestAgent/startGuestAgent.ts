import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestShell } from "./guestShell";

export const guestAgentFile = join(__dirname, "..", "..", "..", "provider", "guest", "fc-agent.sh");
const standInAgentFile = join(__dirname, "..", "vm", "claude");

export interface GuestAgentOptions {
  shell: GuestShell;
  url: string;
  env?: Readonly<Record<string, string>>;
  /** Programs that come before those of the system, by their names: texts of shell scripts. */
  programs?: Readonly<Record<string, string>>;
}

/** The guest agent as an ordinary process, with the stand-in agent. */
export interface GuestAgent {
  readonly pid: number;
  readonly folder: string;
  /** The prompt of the last run, byte for byte. */
  lastPrompt(): Buffer;
  /** The options of each run so far, in the order of the runs. */
  listOptions(): string[];
  /** What is in the folder where it makes its work folders. */
  listWork(): string[];
  log(): string;
  stop(): Promise<void>;
}

/** How long it has to end when it is told to; a request that it waits for ends with it. */
const stopMs = 5000;

export function startGuestAgent({ shell, url, env = {}, programs = {} }: GuestAgentOptions): GuestAgent {
  const folder = mkdtempSync(join(tmpdir(), "fc-guest-agent-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const runsFile = join(folder, "runs");
  const promptFile = join(folder, "prompt");
  const work = join(folder, "work");
  const child = spawn(shell.command[0] ?? "", [...shell.command.slice(1), guestAgentFile], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: `${bin}:${shell.makePath(join(folder, "programs"))}`,
      HOME: folder,
      TMPDIR: folder,
      FC_AGENTS_SERVER: url,
      FC_AGENTS_CLAUDE: standInAgentFile,
      FC_AGENTS_WORK: work,
      FC_AGENTS_GRACE_MS: "1000",
      FAKE_CLAUDE_RUNS: runsFile,
      FAKE_CLAUDE_STDIN: promptFile,
      ...env,
    },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
    });
  }
  const ended = once(child, "exit");
  const { pid } = child;
  if (pid === undefined) throw new Error("the guest agent did not start");
  const kill = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  const abandon = (): void => {
    kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", abandon);
  return {
    pid,
    folder,
    lastPrompt: () => readFileSync(promptFile),
    listOptions: () =>
      existsSync(runsFile)
        ? readFileSync(runsFile, "utf8")
            .split("\n")
            .filter(Boolean)
            .map((line) => line.split("\t")[1] ?? "")
        : [],
    // Below its own folder, which stays as long as it does.
    listWork: () =>
      readdirSync(work, { recursive: true, encoding: "utf8" }).filter((path) => path.includes("run")),
    log: () => log,
    stop: async () => {
      kill("SIGTERM");
      const timer = setTimeout(kill, stopMs, "SIGKILL");
      await ended;
      clearTimeout(timer);
      process.removeListener("exit", abandon);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
