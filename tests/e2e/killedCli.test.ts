import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { startGate, type Gate } from "../support/gate";
import { killPart, type Part } from "../support/killPart";
import { skipBecause } from "../support/skipBecause";
import type { Guest } from "../support/startGuest";
import { TaskServer } from "../support/taskServer/taskServer";
import { upSteps, type UpStep } from "../support/upSteps";

/** A run whose `pulumi up` was killed. */
interface Killed {
  name: string;
  part: Part;
  prompt: string;
  guest: Guest;
}

/* One stack: each test makes two servers with a run each, and what the one before has made goes. */
describe("A pulumi up whose process is killed, end to end", function () {
  this.timeout(180_000);
  let deployment: Deployment;
  let gate: Gate;
  let tapPort = 8080;
  let servers: Record<string, object> = {};
  let runs: Record<string, object> = {};

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    gate = await startGate(deployment.sshd.port);
    const login = deployment.loginConfig();
    await deployment.stack.configure({ ...login, connection: { ...login.connection, port: gate.port } });
  });
  after(async () => {
    await (deployment as Deployment | undefined)?.close();
    await (gate as Gate | undefined)?.stop();
  });

  for (const [title, step] of Object.entries(upSteps)) {
    it(`runs each agent once and has its result: the CLI killed, then the provider alone, ${title}`, async () => {
      const killed = [await killAt(step, "the CLI"), await killAt(step, "the provider alone")];
      assertSucceeded(await deployment.stack.up());
      for (const each of killed) await assertRanOnce(each);
    });
  }

  it("has nothing to change afterwards, and leaves nothing on the host after a destroy", async () => {
    const { changes } = await deployment.stack.preview();
    assert.deepEqual(changes, { same: 4 });
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());

  /** Adds a server and a run to the stack, and kills the `up` that is to make them. */
  async function killAt({ isInjected = false, reach }: UpStep, part: Part): Promise<Killed> {
    tapPort += 1;
    const name = `at-${tapPort}`;
    const { stack, namespace } = deployment;
    const task = { prompt: `work of ${name}` };
    // What the test before has made goes.
    if (part === "the CLI") [servers, runs] = [{}, {}];
    servers[name] = { netns: namespace.name, tapPort, ...(isInjected ? { task } : {}) };
    runs[`run-${name}`] = { server: name, ...(isInjected ? {} : { task }) };
    await stack.configure({ servers, runs });
    const server = new TaskServer({ identity: { netns: namespace.name, tapIp: namespace.tapIp, tapPort } });
    let guest: Guest | undefined;
    const startGuest = async (): Promise<Guest> => (guest = await deployment.addGuest({ tapPort }));
    try {
      const up = await reach({
        ...{ gate, server, startGuest },
        startUp: () => stack.start("up", ["--yes", "--skip-preview"]),
      });
      await killPart(up, part);
    } finally {
      gate.open();
      guest?.unsteer("hold");
    }
    if (part === "the CLI") await stack.cancel();
    return { name, part, prompt: task.prompt, guest: guest ?? (await startGuest()) };
  }

  async function assertRanOnce({ name, part, prompt, guest }: Killed): Promise<void> {
    const state = deployment.stack.exportState();
    const server = state.get(name);
    const run = state.get(`run-${name}`);
    const { status, result } = run.outputs;
    assert.deepEqual(
      { part, status, result, runs: guest.listRuns().length, server: server.outputs.status },
      {
        ...{ part, status: "done", result: `The stand-in agent was asked: ${prompt}` },
        ...{ runs: 1, server: "running" },
      },
    );
    assert.deepEqual([server.initErrors, run.initErrors], [undefined, undefined]);
    await guest.stop();
  }
});
