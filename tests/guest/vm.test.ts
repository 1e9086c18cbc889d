import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findNamespaceObstacle, type Namespace } from "../support/namespace";
import { readAnswer } from "../support/guestAgent/readAnswer";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder } from "../support/temporaryFolder";
import { TaskServer } from "../support/taskServer/taskServer";
import { waitFor } from "../support/taskServer/waitFor";
import { findImage, type VmImage } from "../support/vm/findImage";
import { serveRepository } from "../support/vm/serveRepository";
import { QemuGuest, type QemuGuestOptions } from "../support/vm/qemuGuest";
import { makeVmNamespace } from "../support/vm/vmNamespace";

/** Without KVM, and beside other tests, a machine boots in seconds rather than in one. */
const runTimeoutMs = 60_000;

describe("a virtual machine as the guest", function () {
  this.timeout(180_000);
  let image: VmImage;
  const undo: (() => Promise<unknown>)[] = [];

  before(async function () {
    skipBecause(this, findNamespaceObstacle("tap"));
    const found = await findImage();
    if ("obstacle" in found) skipBecause(this, found.obstacle);
    else image = found;
  });
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  const makeNetwork = async (): Promise<{ namespace: Namespace; server: TaskServer }> => {
    const namespace = await makeVmNamespace();
    undo.push(() => namespace.remove());
    const server = new TaskServer({
      identity: { netns: namespace.name, tapIp: namespace.tapIp, tapPort: 8080 },
    });
    undo.push(() => server.stop({ remove: true }));
    await server.deploy();
    return { namespace, server };
  };
  const boot = async (namespace: Namespace, options: Partial<QemuGuestOptions> = {}): Promise<QemuGuest> => {
    const guest = await QemuGuest.start({ image, namespace, ...options });
    undo.push(() => guest.kill());
    return guest;
  };
  const resultOf = async (server: TaskServer, id: string, guest: QemuGuest): Promise<string> => {
    const outcome = await server.wait(id, runTimeoutMs);
    assert.ok(outcome.isFinal, guest.console());
    assert.equal(outcome.record.state, "done", guest.console());
    return readAnswer(outcome.head);
  };

  const waitForQuestion = (server: TaskServer): Promise<true> =>
    waitFor(
      "the machine asks for a task",
      async () => ((await server.status()).connections > 0 ? true : undefined),
      runTimeoutMs,
    );
  const waitForClaim = (server: TaskServer, id: string): Promise<true> =>
    waitFor(
      `${id} is claimed`,
      async () => ((await server.record(id)).state === "queued" ? undefined : true),
      runTimeoutMs,
    );

  it("boots, takes its task and returns the result, with its clock set", async () => {
    const { namespace, server } = await makeNetwork();
    const startedAt = performance.now();
    const guest = await boot(namespace, { clock: "2001-02-03T04:05:06" });
    await waitForQuestion(server);
    const askedAt = performance.now();
    const { id } = await server.submit({ prompt: "Who are you?" });
    await waitForClaim(server, id);
    const claimedAt = performance.now();
    const text = await resultOf(server, id, guest);
    const doneAt = performance.now();
    console.log(
      `      ${guest.accelerator}: from power on to the first question ${seconds(askedAt - startedAt)}, pick-up ` +
        `${seconds(claimedAt - askedAt)}, run and return ${seconds(doneAt - claimedAt)}`,
    );
    assert.equal(text, "The stand-in agent was asked: Who are you?");
    assert.match(guest.console(), /fc-agent: network: 172\.16\.0\.2\/24 via 172\.16\.0\.1 on eth0/);
    const clock = await server.submit({ prompt: "@date" });
    assertIsNow(await resultOf(server, clock.id, guest));
  });

  it("ends what a task has left behind, and takes in all processes that have ended", async () => {
    const { namespace, server } = await makeNetwork();
    const guest = await boot(namespace);
    const first = await server.submit({ prompt: "@orphan\n@orphan" });
    await resultOf(server, first.id, guest);
    const second = await server.submit({ prompt: "@processes" });
    const processes = await resultOf(server, second.id, guest);
    assert.match(processes, /fc-agent/);
    assert.doesNotMatch(processes, /sleep 1000|^Z/m);
  });

  it("clones a repository over its network", async () => {
    const { namespace, server } = await makeNetwork();
    const guest = await boot(namespace, {
      kernelArguments: ["ip=172.16.0.9::172.16.0.1:255.255.255.0:builder"],
    });
    const daemon = await serveRepository(namespace);
    undo.push(() => daemon.stop());
    const gitRepoUrl = daemon.url;
    const task = { effort: "low", outputFormat: "text", gitRepoUrl };
    const { id } = await server.submit({ fields: { ...task, prompt: "@show README" } });
    assert.equal(await resultOf(server, id, guest), "Read me.");
    const other = await server.submit({ fields: { ...task, prompt: "p", gitRepoUrl: `${gitRepoUrl}-none` } });
    assert.match(await resultOf(server, other.id, guest), /^ERROR: git clone failed, exit=128: fatal: /);
    assert.equal((await server.record(id)).guest, "172.16.0.9");
  });

  it("is missed when it is killed while its agent runs, by the one that comes after it", async () => {
    const { namespace, server } = await makeNetwork();
    const guest = await boot(namespace);
    const { id } = await server.submit({ prompt: "@hang" });
    // Not only claimed: a task that has not arrived goes back to the queue.
    await waitFor(
      "the agent runs",
      () => (guest.console().includes("bytes of prompt") ? true : undefined),
      runTimeoutMs,
    );
    await guest.kill();
    const next = await boot(namespace);
    const outcome = await server.wait(id, runTimeoutMs);
    assert.equal(outcome.record.state, "failed", next.console());
    const { id: nextId } = await server.submit({ prompt: "again" });
    assert.match(await resultOf(server, nextId, next), /again/);
  });

  it("serves its own namespace only, beside another one at the same address", async () => {
    const networks = [await makeNetwork(), await makeNetwork()];
    const results = await Promise.all(
      networks.map(async ({ namespace, server }, index) => {
        const client = ["curl", "wget"][index] ?? "";
        const guest = await boot(namespace, { kernelArguments: [`fc_agents.http=${client}`] });
        const { id } = await server.submit({ prompt: `for ${namespace.name}` });
        return resultOf(server, id, guest);
      }),
    );
    assert.deepEqual(
      results,
      networks.map(({ namespace }) => `The stand-in agent was asked: for ${namespace.name}`),
    );
  });

  it("takes its next task after it was saved and restored in a new process, with its clock set", async () => {
    const folder = await temporaryFolder();
    undo.push(() => folder.remove());
    const file = join(folder.path, "machine");
    const before = await makeNetwork();
    const saved = await boot(before.namespace);
    const first = await before.server.submit({ prompt: "first" });
    await resultOf(before.server, first.id, saved);
    await waitForQuestion(before.server);
    const savedAt = performance.now();
    await saved.save(file);
    const saveMs = performance.now() - savedAt;
    await saved.kill();
    // The clock of the machine stands still for so long.
    await sleep(3000);

    const after = await makeNetwork();
    const second = await after.server.submit({ prompt: "@date" });
    const restoredAt = performance.now();
    const restored = await boot(after.namespace, { restoreFrom: file });
    const runningAt = performance.now();
    const text = await resultOf(after.server, second.id, restored);
    console.log(
      `      ${restored.accelerator}: save ${seconds(saveMs)}, restore ${seconds(runningAt - restoredAt)}, ` +
        `to the result ${seconds(performance.now() - runningAt)}`,
    );
    assertIsNow(text);
    assert.match(restored.console(), /clock set to [-0-9: ]+, \d+ s on/);
    assert.doesNotMatch(restored.console(), /asking/);
  });
});

/** The stand-in agent has just said its time, in seconds. */
function assertIsNow(text: string): void {
  const distance = Math.abs(Number(text) - Date.now() / 1000);
  assert.ok(distance < 5, `the machine's clock says ${text.trim()}, which is ${distance} s off`);
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`;
}
