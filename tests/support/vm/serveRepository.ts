import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Namespace } from "../namespace";
import { temporaryFolder } from "../temporaryFolder";

const run = promisify(execFile);

const stopTimeoutMs = 5000;

/** A repository at the address of a namespace's TAP device. */
export interface ServedRepository {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves a repository of one commit, with a README, over git's own protocol. */
export async function serveRepository(namespace: Namespace): Promise<ServedRepository> {
  const folder = await temporaryFolder();
  const repository = join(folder.path, "repository");
  mkdirSync(repository);
  writeFileSync(join(repository, "README"), "Read me.\n");
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  await run("git", ["-C", repository, "init", "--quiet"]);
  await run("git", ["-C", repository, "add", "--all"]);
  await run("git", ["-C", repository, ...author, "commit", "--quiet", "--message", "First"]);
  // It is a program of its own that `git daemon` would start as a child.
  const { stdout } = await run("git", ["--exec-path"]);
  const daemon = join(stdout.trim(), "git-daemon");
  const options = ["--export-all", "--verbose", `--listen=${namespace.tapIp}`, `--base-path=${folder.path}`];
  const child = spawn("ip", ["netns", "exec", namespace.name, daemon, ...options], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stderr, "data"), ended]);
  child.stderr.resume();
  return {
    url: `git://${namespace.tapIp}/repository`,
    stop: async () => {
      child.kill("SIGKILL");
      await Promise.race([ended, once(AbortSignal.timeout(stopTimeoutMs), "abort")]);
      await folder.remove();
    },
  };
}
