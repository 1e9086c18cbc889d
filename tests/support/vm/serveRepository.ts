import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Namespace } from "../namespace";
import { temporaryFolder } from "../temporaryFolder";

const run = promisify(execFile);

const stopTimeoutMs = 5000;

const httpPort = 8090;

/** A repository at the address of a namespace's TAP device. */
export interface ServedRepository {
  readonly url: string;
  /** The repository itself, on this machine. */
  readonly path: string;
  /** The commit that a clone starts from. */
  readonly commit: string;
  stop(): Promise<void>;
}

/** Serves a repository of one commit, with a README, over git's own protocol, or over http as a plain file server does. */
export async function serveRepository(
  namespace: Namespace,
  protocol: "git" | "http" = "git",
): Promise<ServedRepository> {
  const folder = await temporaryFolder();
  const abandon = (): void => {
    rmSync(folder.path, { recursive: true, force: true });
  };
  process.once("exit", abandon);
  const path = join(folder.path, "repository");
  const commit = await makeRepository(path);
  const command = await (protocol === "git" ? gitDaemon : fileServer)(namespace.tapIp, folder.path);
  const child = spawn("ip", ["netns", "exec", namespace.name, ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const ended = once(child, "exit");
  // Each says so when it listens.
  await Promise.race([once(child.stderr, "data"), once(child.stdout, "data"), ended]);
  child.stderr.resume();
  child.stdout.resume();
  return {
    url:
      protocol === "git"
        ? `git://${namespace.tapIp}/repository`
        : `http://${namespace.tapIp}:${httpPort}/repository/.git`,
    path,
    commit,
    stop: async () => {
      child.kill("SIGKILL");
      await Promise.race([ended, once(AbortSignal.timeout(stopTimeoutMs), "abort")]);
      process.removeListener("exit", abandon);
      await folder.remove();
    },
  };
}

async function makeRepository(path: string): Promise<string> {
  mkdirSync(path);
  writeFileSync(join(path, "README"), "Read me.\n");
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  await run("git", ["-C", path, "init", "--quiet"]);
  await run("git", ["-C", path, "add", "--all"]);
  await run("git", ["-C", path, ...author, "commit", "--quiet", "--message", "First"]);
  // The list of branches that a server without git has to have as a file.
  await run("git", ["-C", path, "update-server-info"]);
  return (await run("git", ["-C", path, "rev-parse", "HEAD"])).stdout.trim();
}

async function gitDaemon(address: string, folder: string): Promise<string[]> {
  // It is a program of its own that `git daemon` would start as a child.
  const { stdout } = await run("git", ["--exec-path"]);
  const daemon = join(stdout.trim(), "git-daemon");
  return [daemon, "--export-all", "--verbose", `--listen=${address}`, `--base-path=${folder}`];
}

function fileServer(address: string, folder: string): string[] {
  return ["python3", "-u", "-m", "http.server", String(httpPort), "--bind", address, "--directory", folder];
}
