import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { skipBecause } from "../support/skipBecause";
import type { Guest } from "../support/startGuest";

const answer = "The stand-in agent was asked: ";

/* One stack whose runs change: each test goes on where the one before has ended. */
describe("A task server on demand, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let guest: Guest;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    guest = await deployment.addGuest();
    await deployment.stack.configure({
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns: deployment.namespace.name, running: "on-demand" } },
    });
  });
  after(() => (deployment as Deployment | undefined)?.close());

  const resultOf = (name: string): unknown => deployment.stack.exportState().get(name).outputs.result;

  /** The processes that the server has been meanwhile. */
  function watchServerProcesses(): { stop: () => Set<string> } {
    const seen = new Set<string>();
    const timer = setInterval(() => {
      for (const folder of deployment.listServerFolders()) {
        const sidecar = join(folder, "server.pid");
        if (existsSync(sidecar)) seen.add(readFileSync(sidecar, "utf8"));
      }
    }, 20);
    return {
      stop: () => {
        clearInterval(timer);
        return seen;
      },
    };
  }

  function configureRuns(prompts: Readonly<Record<string, string>>): Promise<void> {
    const runs = Object.entries(prompts).map(([name, prompt]) => [
      name,
      { server: "agent-1", task: { prompt } },
    ]);
    return deployment.stack.configure({ runs: Object.fromEntries(runs) as object });
  }

  it("is not there without a run", async () => {
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual(await deployment.namespace.listProcesses(), []);
    assert.deepEqual(deployment.listServerFolders(), []);
  });

  it("is up for its runs, also while one has ended and another has not, and down afterwards", async () => {
    guest.steer("delay", "1");
    const processes = watchServerProcesses();
    await configureRuns({ short: "short", long: "long" });
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual([resultOf("short"), resultOf("long")], [`${answer}short`, `${answer}long`]);
    assert.equal(guest.listRuns().length, 2);
    assert.equal(processes.stop().size, 1);
    guest.unsteer("delay");
    assert.deepEqual(await deployment.namespace.listProcesses(), []);
  });

  it("is up again for another task, and no run of before is made again", async () => {
    await configureRuns({ short: "another", long: "long" });
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.operations, { "agent-1": "same", short: "update", long: "same" });
    assert.equal(resultOf("short"), `${answer}another`);
    assert.equal(guest.listRuns().length, 3);
    assert.deepEqual(await deployment.namespace.listProcesses(), []);
  });

  it("leaves nothing after a destroy, and has shown no secret", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
    await deployment.assertNoSecretShown();
  });
});
