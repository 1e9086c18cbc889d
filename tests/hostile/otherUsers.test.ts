import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { skipBecause } from "../support/skipBecause";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const run = promisify(execFile);
const script = join(__dirname, "../support/hostile/other_user.py");
const reportSchema = z.record(z.string(), z.string());

describe("Other users of the host", () => {
  before(function () {
    skipBecause(this, process.getuid?.() === 0 ? undefined : "becoming another user needs root");
  });

  const server = useOneTaskServer();

  async function tryAsNobody(target: TaskServer): Promise<Record<string, string>> {
    const { pid, workerPid } = await target.status();
    const { stdout } = await run("python3", ["-I", script, target.folder, String(pid), String(workerPid)]);
    return reportSchema.parse(JSON.parse(stdout));
  }

  it("are refused by the control socket, and can neither read, list nor change anything of the state folder", async () => {
    const report = await tryAsNobody(server());
    assert.equal(report.connect, "EACCES");
    const granted = Object.entries(report).filter(([, end]) => !["EACCES", "EPERM"].includes(end));
    assert.deepEqual(granted, []);
    assert.ok(Object.keys(report).length > 20);
  });

  it("see no token in the arguments of the server's processes, which everybody may read", async () => {
    const { pid, workerPid } = await server().status();
    for (const process of [pid, workerPid]) {
      assert.ok(!readFileSync(`/proc/${process}/cmdline`, "utf8").includes(server().token));
    }
  });

  it("are kept out by the rights of the folders, of the socket and of each file, each of which would be enough", async () => {
    const { folder } = server();
    for (const path of [dirname(folder), folder]) assert.equal(statSync(path).mode & 0o777, 0o700, path);
    assert.equal(statSync(join(folder, "control.sock")).mode & 0o777, 0o600);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    chmodSync(folder, 0o755);
    try {
      assert.equal((await tryAsNobody(server())).connect, "EACCES");
    } finally {
      chmodSync(folder, 0o700);
    }
  });
});
