import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { bootstrapText } from "../../provider/hostProgram/runArchive";
import { serverArchive } from "../../provider/taskServer/serverArchive";
import { serverFolder } from "../../provider/taskServer/serverFolder";
import { startCuttingProxy, type CuttingProxy } from "../support/faults/cuttingProxy";
import { StackOfOne } from "../support/faults/stackOfOne";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

/** More than logging in takes, and less than the program has. */
const middleOfProgramBytes = 30_000;

describe("A deployment whose SSH connection is cut", () => {
  const servers = useTaskServers();
  const sshd = useSshd();
  let proxy: CuttingProxy;
  let server: TaskServer;
  let stack: StackOfOne;

  beforeEach(async () => {
    proxy = await startCuttingProxy(sshd.main().port);
    server = servers.prepare();
    const connection = { ...sshd.main().connection(), port: proxy.port };
    stack = new StackOfOne(server, connection, { server: { task: { prompt: "do it" } } });
  });
  afterEach(async () => {
    await proxy.stop();
  });

  async function untilServing(): Promise<number> {
    const { pid } = await waitFor("the server works", () => server.status().catch(() => undefined));
    return pid;
  }

  async function assertTaskOnce(): Promise<void> {
    const { queued } = await server.status();
    assert.equal(queued, 1);
    await new Guest(server, "127.0.0.2").take();
    assert.equal((await server.status()).queued, 0);
  }

  it("anywhere before the command's last byte does nothing on the host", async () => {
    const { bytes } = serverArchive();
    const length = `${bytes.length}\n`;
    const { identity, owner, instanceId, token } = server;
    const limits = { maxResultBytes: 1000, resultRetentionHours: 1 };
    const folder = serverFolder(identity);
    const command = { op: "deploy", folder, version: "1", identity, owner, instanceId, token, limits };
    const stdin = Buffer.concat([Buffer.from(length), bytes, Buffer.from(JSON.stringify(command))]);
    const beforeCommand = length.length + bytes.length;
    for (const end of [0, 2, length.length, 30_000, beforeCommand, beforeCommand + 50, stdin.length]) {
      const argv = ["python3", "-IS", "-c", bootstrapText(), "task_server.loader"];
      const { stdout } = await server.host.exec(argv, { stdin: stdin.subarray(0, end), timeoutMs: 10_000 });
      assert.equal(stdout.toString(), "", `cut after ${end} bytes`);
      assert.equal(existsSync(server.folder), false, `cut after ${end} bytes`);
    }
  });

  it("before the whole command is there leaves nothing on the host, and the next up deploys", async () => {
    proxy.cutAfterBytes = middleOfProgramBytes;
    const error = await stack.createServer();
    assert.match(error?.message ?? "", /connection/i);
    assert.equal(existsSync(server.folder), false);
    proxy.cutAfterBytes = undefined;
    assert.equal((await stack.finishServer()).status, "running");
    await assertTaskOnce();
  });

  it("after the whole command is there leaves a server that the next up takes over, with its task queued once", async () => {
    proxy.muteAfterBytes = middleOfProgramBytes;
    const creating = stack.createServer();
    const pid = await untilServing();
    await waitFor("its task is queued", async () =>
      (await server.status()).queued === 1 ? true : undefined,
    );
    proxy.cut();
    assert.match((await creating)?.message ?? "", /connection/i);
    proxy.muteAfterBytes = undefined;
    const state = await stack.finishServer();
    assert.deepEqual([state.status, state.pid], ["running", pid]);
    await assertTaskOnce();
  });

  it("is undone by a destroy that follows", async () => {
    proxy.muteAfterBytes = middleOfProgramBytes;
    const creating = stack.createServer();
    await untilServing();
    proxy.cut();
    await creating;
    proxy.muteAfterBytes = undefined;
    await stack.destroyServer();
    assert.equal(existsSync(server.folder), false);
  });
});
