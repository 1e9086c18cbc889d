import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSucceeded, type Deployment } from "../support/deployment";
import type { Namespace } from "../support/namespace";
import { TaskServer } from "../support/taskServer/taskServer";
import { waitFor } from "../support/taskServer/waitFor";
import { temporaryFolder } from "../support/temporaryFolder";
import type { QemuGuest } from "../support/vm/qemuGuest";
import { countTasks, VmDeployment, waitForBoot } from "../support/vm/vmDeployment";

const answer = "The stand-in agent was asked: ";

const stepTimeoutMs = 60_000;

/* One stack with two servers at one address: each test goes on where the one before has ended. */
describe("Two virtual machines on two servers, end to end", function () {
  this.timeout(180_000);
  let vms: VmDeployment;
  let deployment: Deployment;
  let namespaces: readonly [Namespace, Namespace];
  let machines: readonly [QemuGuest, QemuGuest];

  before(async function () {
    vms = await VmDeployment.open(this);
    ({ deployment } = vms);
    namespaces = [await vms.addNamespace(), await vms.addNamespace()];
    // One asks by curl, the other one by busybox wget.
    machines = [
      await vms.boot(namespaces[0]),
      await vms.boot(namespaces[1], { kernelArguments: ["fc_agents.http=wget"] }),
    ];
    await deployment.stack.configure({
      servers: { left: { netns: namespaces[0].name }, right: { netns: namespaces[1].name } },
    });
  });
  after(() => (vms as VmDeployment | undefined)?.close());

  function configureRuns(left: string, right: string): Promise<void> {
    const run = (server: string, prompt: string): object => ({ server, task: { prompt } });
    return deployment.stack.configure({
      runs: { "run-left": run("left", left), "run-right": run("right", right) },
    });
  }

  it("has each task done by the machine of its own server, at the same time", async () => {
    await configureRuns("left\n@turns 20", "right\n@turns 20");
    assertSucceeded(await deployment.stack.up());
    const runs = ["run-left", "run-right"].map((name) => vms.outputsOf(name));
    assert.deepEqual(
      runs.map(({ result, guest, costUsd }) => [result, guest, costUsd]),
      [
        [`${answer}left`, "172.16.0.2", 0.0125],
        [`${answer}right`, "172.16.0.2", 0.0125],
      ],
    );
    assert.deepEqual(machines.map(countTasks), [1, 1]);
    const [left, right] = runs.map(({ claimedAt, finishedAt }) => ({
      from: Date.parse(String(claimedAt)),
      to: Date.parse(String(finishedAt)),
    }));
    assert.ok(left !== undefined && right !== undefined && left.from < right.to && right.from < left.to);
  });

  it("has the next task done by a machine that was saved, and restored in a new process, by the right time", async () => {
    const folder = await temporaryFolder();
    vms.onClose(() => folder.remove());
    const file = join(folder.path, "machine");
    const [saved, other] = machines;
    await waitForBoot(saved);
    await saved.save(file);
    await saved.kill();

    await configureRuns("@date", "right\n@turns 20");
    const pending = deployment.stack.up();
    // Meanwhile the machine's clock stands still.
    const server = new TaskServer({
      identity: { netns: namespaces[0].name, tapIp: namespaces[0].tapIp, tapPort: 8080 },
    });
    await waitFor(
      "the task is queued",
      async () => ((await server.status()).queued === 1 ? true : undefined),
      stepTimeoutMs,
    );
    const restored = await vms.boot(namespaces[0], { restoreFrom: file });
    machines = [restored, other];
    const up = await pending;
    assertSucceeded(up);
    assert.deepEqual(up.operations, {
      left: "same",
      right: "same",
      "run-left": "update",
      "run-right": "same",
    });
    const distance = Math.abs(Number(vms.outputsOf("run-left").result) - Date.now() / 1000);
    assert.ok(distance < 10, `its clock is ${distance} s off`);
    assert.match(restored.console(), /clock set to [-0-9: ]+, \d+ s on/);
    assert.doesNotMatch(restored.console(), /asking/);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    for (const machine of machines) await machine.kill();
    for (const namespace of namespaces) await deployment.assertNothingLeft(namespace);
  });
});
