import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { isRunning, listDescendants } from "../support/listDescendants";
import { skipBecause } from "../support/skipBecause";
import type { Guest } from "../support/startGuest";
import { waitUntil } from "../support/waitUntil";

describe("An interrupted pulumi up, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let guest: Guest;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    guest = await deployment.addGuest();
    await deployment.stack.configure({
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns: deployment.namespace.name } },
      runs: { only: { server: "agent-1", task: { prompt: "long work" }, timeoutSeconds: 600 } },
    });
  });
  after(() => (deployment as Deployment | undefined)?.close());

  it("ends its provider too when the CLI is killed while the agent runs", async () => {
    guest.steer("hold");
    const up = deployment.stack.start("up", ["--yes", "--skip-preview"]);
    await waitUntil("the agent runs", () => guest.listRuns().length === 1, 60_000);
    const started = listDescendants(up.pid).filter(({ command }) => !command.includes("task_server"));
    const provider = started.filter(({ command }) => command.includes("dynamic-provider"));
    assert.equal(provider.length, 1);
    up.kill();
    await up.result;
    try {
      await waitUntil("the provider has ended", () => !provider.some(isRunning));
    } finally {
      // Pulumi's own language host looks for its engine every few minutes only.
      for (const each of started) if (isRunning(each)) process.kill(each.pid, "SIGKILL");
    }
  });

  it("goes on with the same task after pulumi cancel and pulumi up: the agent runs once", async () => {
    await deployment.stack.cancel();
    guest.unsteer("hold");
    assertSucceeded(await deployment.stack.up());
    const { result } = deployment.stack.exportState().get("only").outputs;
    assert.equal(result, "The stand-in agent was asked: long work");
    assert.equal(guest.listRuns().length, 1);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
