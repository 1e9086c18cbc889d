import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { assertFailed, assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import type { Guest } from "../support/startGuest";
import { waitUntil } from "../support/waitUntil";

const project = join(__dirname, "programs", "declared");
const answer = "The stand-in agent was asked: ";

/* One stack: each test goes on where the one before has ended. */
describe("Two pulumi ups at once, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let copy: PulumiStack | undefined;
  let guest: Guest;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project });
    guest = await deployment.addGuest();
    await deployment.stack.configure({
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns: deployment.namespace.name } },
      runs: { only: { server: "agent-1", task: { prompt: "first" } } },
    });
  });
  after(async () => {
    await copy?.endOperations();
    await (deployment as Deployment | undefined)?.close();
    copy?.remove();
  });

  it("has the second refused by Pulumi's lock while the agent of the first runs", async () => {
    guest.steer("hold");
    const first = deployment.stack.start("up", ["--yes", "--skip-preview"]);
    await waitUntil("the agent runs", () => guest.listRuns().length === 1, 60_000);
    assertFailed(await deployment.stack.up(), /currently locked by 1 lock/);
    guest.unsteer("hold");
    assertSucceeded(await first.result);
    assert.equal(deployment.stack.exportState().get("only").outputs.result, `${answer}first`);
    assert.equal(guest.listRuns().length, 1);
  });

  it("runs the agent once where no lock keeps them apart, as with two copies of a state", async () => {
    copy = await PulumiStack.create({ project });
    const backend = join("backend", ".pulumi");
    cpSync(join(deployment.stack.folder, backend), join(copy.folder, backend), { recursive: true });
    const change = {
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns: deployment.namespace.name } },
      runs: { only: { server: "agent-1", task: { prompt: "second" } } },
    };
    await Promise.all([deployment.stack.configure(change), copy.configure(change)]);
    guest.steer("hold");
    const ups = [deployment.stack, copy].map((stack) => stack.start("up", ["--yes", "--skip-preview"]));
    await waitUntil("the agent runs", () => guest.listRuns().length === 2, 60_000);
    await waitUntil("both wait for it", () => deployment.sshd.countSessions() === 2, 60_000);
    guest.unsteer("hold");
    for (const up of ups) assertSucceeded(await up.result);
    for (const stack of [deployment.stack, copy]) {
      assert.equal(stack.exportState().get("only").outputs.result, `${answer}second`);
    }
    assert.equal(guest.listRuns().length, 2);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
