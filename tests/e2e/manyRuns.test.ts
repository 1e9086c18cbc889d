import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { findProvider } from "../support/findProvider";
import { listDescendants } from "../support/listDescendants";
import { startManyGuests, type ManyGuests } from "../support/manyGuests";
import type { Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { watchPeak } from "../support/watchPeak";
import { waitUntil } from "../support/waitUntil";

const runCount = 64;
const serverCount = 16;
const startTimeoutMs = 90_000;

/** What the processes may hold at most, in MiB. With a single run they hold about 150 and 36, so runs may cost little. */
const most = { provider: 220, server: 60 };

/** Descriptors of sshd's process of one connection that are no channels: pipes, sockets, logs. */
const ownDescriptors = 16;

/* One stack: each test goes on where the one before has ended. */
describe("Many runs and many servers in one pulumi up, end to end", function () {
  this.timeout(180_000);
  let deployment: Deployment;
  let namespaces: Namespace[];
  const guests: ManyGuests[] = [];

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    await deployment.stack.configure(deployment.loginConfig());
  });
  after(async () => {
    await Promise.all(guests.map((each) => each.stop()));
    await (deployment as Deployment | undefined)?.close();
  });

  it(`runs ${runCount} agents of one server at once, each once, over one connection`, async () => {
    const names = Array.from({ length: runCount }, (_, index) => `run-${index}`);
    await deployment.stack.configure({
      servers: { crowded: { netns: deployment.namespace.name } },
      runs: Object.fromEntries(names.map((name) => [name, { server: "crowded", task: { prompt: name } }])),
    });
    const crowd = await startManyGuests([deployment.namespace], runCount);
    guests.push(crowd);
    const up = deployment.stack.start("up", ["--yes", "--skip-preview", "--parallel", String(runCount)]);
    await waitUntil("all agents run", () => crowd.runs.size === runCount, startTimeoutMs);

    assert.equal(deployment.sshd.countConnections(), 1);
    const [session] = listSshSessions();
    assert.ok(session !== undefined);
    const channels = readdirSync(`/proc/${session}/fd`).length;
    assert.ok(channels <= runCount + ownDescriptors, `${channels} descriptors for ${runCount} runs`);
    assert.deepEqual(listDescendants(session), [], "no process on the host for a run that waits");
    const provider = watchPeak([findProvider(up)]);

    crowd.release();
    assertSucceeded(await up.result);
    assertEachOnce(crowd, names);
    const { pid } = deployment.stack.exportState().get("crowded").outputs;
    const server = watchPeak([Number(pid), ...listDescendants(Number(pid)).map((child) => child.pid)]);
    assertWithin({ provider: provider.stop(), server: server.stop() });
    await crowd.stop();
  });

  it(`deploys ${serverCount} servers to as many namespaces, with a run each that runs once`, async () => {
    namespaces = await Promise.all(Array.from({ length: serverCount }, () => deployment.addNamespace()));
    const names = namespaces.map((_, index) => `server-${index}`);
    await deployment.stack.configure({
      servers: Object.fromEntries(namespaces.map(({ name }, index) => [`server-${index}`, { netns: name }])),
      runs: Object.fromEntries(
        names.map((server) => [`run-of-${server}`, { server, task: { prompt: `run-of-${server}` } }]),
      ),
    });
    const crowd = await startManyGuests(namespaces, 1);
    guests.push(crowd);
    const up = deployment.stack.start("up", ["--yes", "--skip-preview", "--parallel", String(runCount)]);
    await waitUntil("all agents run", () => crowd.runs.size === serverCount, startTimeoutMs);
    assert.equal(deployment.sshd.countSessions(), 1);
    const provider = watchPeak([findProvider(up)]);
    crowd.release();
    assertSucceeded(await up.result);
    assertEachOnce(
      crowd,
      names.map((name) => `run-of-${name}`),
    );
    assertWithin({ provider: provider.stop() });
    // The server of the test before is none of this stack any more.
    await deployment.assertNothingLeft();
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    for (const namespace of namespaces) await deployment.assertNothingLeft(namespace);
  });

  /** sshd's processes of the connections that are open. */
  function listSshSessions(): number[] {
    const sshd = listDescendants(process.pid).filter(({ command }) => command.startsWith("sshd: "));
    return sshd.filter(({ command }) => !command.includes("listener")).map(({ pid }) => pid);
  }

  function assertEachOnce(crowd: ManyGuests, names: readonly string[]): void {
    const state = deployment.stack.exportState();
    const outputs = names.map((name) => state.get(name).outputs);
    assert.deepEqual(
      outputs.map(({ result, status }) => [result, status]),
      names.map((name) => [`done: ${name}`, "done"]),
    );
    const ids = outputs.map(({ taskId }) => String(taskId)).sort();
    assert.deepEqual(
      [...crowd.runs].sort(),
      ids.map((id) => [id, 1]),
    );
    assert.deepEqual(
      [...crowd.answers].sort(),
      ids.map((id) => [id, [200]]),
    );
  }
});

function assertWithin(held: Partial<typeof most>): void {
  for (const part of ["provider", "server"] as const) {
    const peak = held[part] ?? 0;
    assert.ok(peak <= most[part], `the ${part} held ${peak.toFixed(1)} MiB`);
  }
}
