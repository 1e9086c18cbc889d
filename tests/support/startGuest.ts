import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Namespace } from "./namespace";

const guestFolder = join(__dirname, "guest");
const scripts = { bare: "bare-result.sh", byId: "result-by-id.sh", emptyHeader: "result-by-id.sh" } as const;

export interface GuestOptions {
  /**
   * `bare`: posts to a bare /result, as older guest scripts do; `byId`: names the task in query and header; `emptyHeader`:
   * in the query only, with a header that is empty. Default: byId.
   */
  generation?: keyof typeof scripts;
  tapPort?: number;
}

/** One run of the stand-in agent. */
export interface FakeRun {
  /** SHA-256 of the token that it was given, as hex. */
  tokenSha256: string;
  options: string;
  /** The first line of its prompt. */
  prompt: string;
}

/** A guest at the other end of a namespace's link: a process that polls, runs the stand-in agent, and posts. */
export interface Guest {
  readonly address: string;
  readonly pid: number;
  /** What stands for its disk. */
  readonly folder: string;
  /** The runs of the agent so far, oldest first. */
  listRuns(): FakeRun[];
  /** Sets what the stand-in agent finds in its control folder: `fail`, `hold` or `delay`. */
  steer(file: "fail" | "hold" | "delay", content?: string): void;
  unsteer(file: "fail" | "hold" | "delay"): void;
  stop(): Promise<void>;
}

export async function startGuest(namespace: Namespace, options: GuestOptions = {}): Promise<Guest> {
  const { generation = "byId", tapPort = 8080 } = options;
  const address = await namespace.addGuestAddress();
  const folder = mkdtempSync(join(tmpdir(), "fc-guest-"));
  const control = join(folder, "control");
  const runsFile = join(folder, "runs");
  mkdirSync(control);
  writeFileSync(runsFile, "");
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", removeFolder);
  // curl reads this from its home: the script stays as it is, and each guest has an address of its own.
  writeFileSync(join(folder, ".curlrc"), `interface = ${address}\n`);
  const command = [
    "sh",
    join(guestFolder, scripts[generation]),
    `http://${namespace.tapIp}:${tapPort}`,
    folder,
  ];
  const child = spawn("ip", ["netns", "exec", namespace.guestName, ...command], {
    detached: true,
    stdio: "ignore",
    env: {
      PATH: `${guestFolder}:${process.env.PATH ?? ""}`,
      HOME: folder,
      FAKE_CLAUDE_RUNS: runsFile,
      FAKE_CLAUDE_CONTROL: control,
      ...(generation === "emptyHeader" ? { FC_EMPTY_HEADER: "1" } : {}),
    },
  });
  const ended = once(child, "exit");
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error("the guest did not start");
  return {
    address,
    pid,
    folder,
    listRuns: () => readFileSync(runsFile, "utf8").split("\n").filter(Boolean).map(parseRun),
    steer: (file, content = "") => {
      writeFileSync(join(control, file), content);
    },
    unsteer: (file) => {
      rmSync(join(control, file), { force: true });
    },
    stop: async () => {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Gone with its namespace.
      }
      child.ref();
      await ended;
      process.removeListener("exit", removeFolder);
      removeFolder();
    },
  };
}

function parseRun(line: string): FakeRun {
  const [tokenSha256 = "", options = "", prompt = ""] = line.split("\t");
  return { tokenSha256, options, prompt };
}
