import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "./bench";
import { loginEnvironment } from "./benchHost";
import { listFamily } from "./processMemory";
import { startProvider } from "./providerProcess";
import { referenceServer } from "./reference/referenceJob";
import { startProgram } from "./startProgram";
import type { Defer } from "./undo";

/** A server that gets load on a loopback device. */
export interface LoadedServer {
  readonly pids: readonly number[];
}

/** Ours, deployed in the usual way. */
export async function startOurs({ host }: Bench, defer: Defer): Promise<LoadedServer> {
  const provider = await startProvider(defer);
  const server = await provider.create("FcTaskServer", host.inputsAt(host.loopback));
  defer(async () => {
    await provider.remove("FcTaskServer", server);
  });
  return { pids: listFamily(Number(server.outs.pid)) };
}

/** The reference, which hands its one task to everybody who asks. */
export function startReference(bench: Bench, defer: Defer): Promise<LoadedServer> {
  return startReferenceWith(bench, defer, { id: "1", prompt: "p" });
}

/** The reference, whose guests find no task. */
export function startIdleReference(bench: Bench, defer: Defer): Promise<LoadedServer> {
  return startReferenceWith(bench, defer);
}

async function startReferenceWith({ host }: Bench, defer: Defer, task?: object): Promise<LoadedServer> {
  const { onHost, tapIp, tapPort } = host.loopback;
  const folder = mkdtempSync(join(tmpdir(), "fc-bench-"));
  defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  if (task !== undefined) writeFileSync(join(folder, "task.json"), JSON.stringify(task));
  const [command, ...args] = [...onHost, "python3", referenceServer, tapIp, String(tapPort), "--again"];
  const child = spawn(command, args, { cwd: folder, detached: true, env: loginEnvironment, stdio: "ignore" });
  const exited = once(child, "exit");
  defer(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  await startProgram(defer, onHost, "wait_for_listener.py", [tapIp, tapPort]).next("ready");
  return { pids: [child.pid ?? 0] };
}
