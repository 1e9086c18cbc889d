import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertFailed, assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { skipBecause } from "../support/skipBecause";
import { waitUntil } from "../support/waitUntil";

describe("pulumi destroy, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    const { connection, ...secrets } = deployment.loginConfig();
    await deployment.stack.configure({ connection: { ...connection, dialErrorLimit: 2 }, ...secrets });
  });
  after(() => (deployment as Deployment | undefined)?.close());

  /** Deploys a server whose task no guest takes. */
  async function deploy(args: object = {}): Promise<string> {
    const server = { netns: deployment.namespace.name, task: { prompt: "nobody asks for it" }, ...args };
    await deployment.stack.configure({ servers: { "agent-1": server } });
    assertSucceeded(await deployment.stack.up());
    const [folder] = deployment.listServerFolders();
    assert.ok(folder !== undefined);
    return folder;
  }

  async function killServer(): Promise<void> {
    for (const pid of await deployment.namespace.listProcesses()) process.kill(pid, "SIGKILL");
  }

  it("does not touch a process that got the server's pid after a reboot of the host", async () => {
    const folder = await deploy();
    await killServer();
    const foreign = spawn("sleep", ["600"], { stdio: "ignore" });
    try {
      const sidecar = join(folder, "server.pid");
      const { startTime } = JSON.parse(readFileSync(sidecar, "utf8")) as { startTime: number };
      const bootId = "00000000-0000-4000-8000-000000000000";
      writeFileSync(sidecar, JSON.stringify({ pid: foreign.pid, startTime, bootId }));
      assertSucceeded(await deployment.stack.destroy());
      await deployment.assertNothingLeft();
      assert.deepEqual([foreign.exitCode, foreign.signalCode], [null, null]);
    } finally {
      foreign.kill("SIGKILL");
    }
  });

  it("succeeds when the host knows nothing of the server any more", async () => {
    const folder = await deploy();
    await killServer();
    rmSync(folder, { recursive: true });
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
  });

  it("names results that nobody has collected", async () => {
    await deploy({ task: { prompt: "@bytes 20000" } });
    const guest = await deployment.addGuest();
    const { taskId } = deployment.stack.exportState().get("agent-1").outputs;
    await waitUntil("the result is stored", () => deployment.countLargeResults() === 1);
    await guest.stop();
    const destroy = await deployment.stack.destroy();
    assertSucceeded(destroy);
    assert.match(destroy.text, new RegExp(`nobody had collected.*${String(taskId)}`, "s"));
    await deployment.assertNothingLeft();
  });

  it("fails clearly when the host cannot be reached, and succeeds with deleteUnreachable", async () => {
    await deploy();
    await deployment.sshd.halt();
    const failed = await deployment.stack.destroy();
    assertFailed(
      failed,
      /Could not stop the task server on root@127\.0\.0\.1:\d+: .*attempt 2 of 2: connection refused/,
    );
    assertFailed(failed, /`deleteUnreachable: true`/);

    // The way out that the message names, with the host still away.
    await deployment.stack.configure({
      servers: {
        "agent-1": {
          ...{ netns: deployment.namespace.name, task: { prompt: "nobody asks for it" } },
          deleteUnreachable: true,
        },
      },
    });
    assertSucceeded(await deployment.stack.up());
    const destroy = await deployment.stack.destroy();
    assertSucceeded(destroy);
    assert.match(destroy.text, /counts as deleted/);
    assert.deepEqual(deployment.stack.exportState().resources, []);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
