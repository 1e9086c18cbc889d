import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { HostRefusedError } from "../../provider/errors/hostRefusedError";
import { observeServer } from "../../provider/taskServer/withControl";
import { catchError } from "../support/catchError";
import { findNamespaceObstacle } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { otherVersionArchive } from "../support/taskServer/archive";
import { Guest } from "../support/taskServer/guest";
import { isRunning } from "../support/taskServer/processFacts";
import { makeToken, type TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

describe("deployServer", () => {
  const servers = useTaskServers();

  async function refusalOf(work: Promise<unknown>): Promise<HostRefusedError> {
    const error = await catchError(work);
    assert.ok(error instanceof HostRefusedError, error.message);
    return error;
  }

  it("starts a server that listens, and queues the task that came along", async () => {
    const server = servers.prepare();
    const submission = server.describeTask({ injected: true });
    const status = await server.deploy({ submission });
    assert.equal(status.status, "running");
    assert.equal(status.listening, true);
    assert.equal(status.owner, server.owner);
    assert.equal(status.instanceId, server.instanceId);
    assert.equal(status.injectedTaskId, submission.id);
    assert.match(status.serverVersion ?? "", /^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    assert.ok(Math.abs(Date.parse(status.startedAt ?? "") - Date.now()) < 10_000);
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, submission.id);
  });

  it("goes on with the same process when it is deployed again, with the new token, limits and task", async () => {
    const server = servers.prepare();
    const first = await server.deploy();
    const token = makeToken();
    const submission = server.describeTask();
    const limits = { maxResultBytes: 10, resultRetentionHours: 1 };
    const second = await server.deploy({ token, submission, limits, instanceId: "another" });
    assert.equal(second.pid, first.pid);
    assert.equal(second.startedAt, first.startedAt);
    assert.equal(second.instanceId, "another");
    const guest = new Guest(server, "127.0.0.2");
    assert.equal((await guest.take()).token, token);
    assert.equal((await guest.post("more than ten bytes")).status, 413);
    assert.equal((await guest.post("ten bytes.")).status, 200);
  });

  it("attaches to a task that it had queued before", async () => {
    const server = servers.prepare();
    const submission = server.describeTask();
    await server.deploy({ submission });
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await server.deploy({ submission });
    assert.equal((await server.record(submission.id)).state, "claimed");
    assert.equal((await server.status()).queued, 0);
  });

  it("refuses a server that another owner has, names it and the way out, and touches nothing", async () => {
    const server = servers.prepare();
    const { pid } = await server.deploy();
    const submission = server.describeTask();
    const change = { owner: "another stack", token: makeToken(), submission };
    const refusal = await refusalOf(server.deploy(change));
    assert.equal(refusal.code, "owned");
    assert.ok(refusal.message.includes(server.owner), refusal.message);
    assert.match(refusal.message, /takeOver: true/);
    const status = await server.status();
    assert.deepEqual([status.pid, status.queued], [pid, 0]);
    const { id } = await server.submit();
    const task = await new Guest(server, "127.0.0.2").take();
    assert.equal(task.id, id);
    assert.notEqual(task.token, change.token);
  });

  it("takes over another owner's server where that is wanted, and the old owner can no longer stop it", async () => {
    const server = servers.prepare();
    const { pid } = await server.deploy();
    const old = server.instanceId;
    const taken = await server.deploy({ owner: "another stack", instanceId: "of another", takeOver: true });
    assert.equal(taken.pid, pid);
    assert.equal(taken.owner, "another stack");
    await server.stop({ instanceId: old, remove: true });
    assert.ok(isRunning(pid ?? 0));
    assert.equal((await server.status()).listening, true);
  });

  it("replaces an idle server of another version, and its queue and results stay", async () => {
    const server = servers.prepare();
    const first = await server.deploy();
    const { id } = await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await guest.post("kept");
    const second = await server.deploy({ archive: otherVersionArchive() });
    assert.notEqual(second.pid, first.pid);
    assert.notEqual(second.serverVersion, first.serverVersion);
    assert.ok(!isRunning(first.pid ?? 0));
    assert.deepEqual(second.uncollected, [id]);
  });

  it("leaves a server of another version in place while it is at work", async () => {
    const server = servers.prepare();
    const first = await server.deploy({ submission: server.describeTask() });
    const token = makeToken();
    const second = await server.deploy({ archive: otherVersionArchive(), token });
    assert.equal(second.pid, first.pid);
    assert.equal(second.serverVersion, first.serverVersion);
    assert.equal((await new Guest(server, "127.0.0.2").take()).token, token);
  });

  it("gives one server when it is deployed twice at once", async () => {
    const server = servers.prepare();
    const submission = server.describeTask();
    const statuses = await Promise.all([1, 2, 3].map(() => server.deploy({ submission })));
    assert.equal(new Set(statuses.map(({ pid }) => pid)).size, 1);
    assert.equal((await server.status()).queued, 1);
  });

  it("gives one of two stacks the server when both deploy at once, and refuses the other", async () => {
    const server = servers.prepare();
    const owners = ["stack a", "stack b", "stack c"];
    const outcomes = await Promise.allSettled(
      owners.map((owner) => server.deploy({ owner, instanceId: `instance of ${owner}` })),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.equal(refused.length, owners.length - 1);
    for (const { reason } of refused) assert.match(String(reason), /belongs to stack [abc]/);
    const { owner, status } = await observe(server);
    assert.equal(status, "running");
    server.instanceId = `instance of ${owner ?? ""}`;
  });

  it("keeps the folder and the control socket to its own user", async () => {
    const server = await servers.start();
    const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
    assert.equal(modeOf(server.folder), "700");
    assert.equal(modeOf(join(server.folder, "..")), "700");
    assert.equal(modeOf(join(server.folder, "control.sock")), "600");
    for (const name of readdirSync(server.folder)) {
      assert.match(modeOf(join(server.folder, name)), /00$/, name);
    }
  });

  it("refuses an address that no device has, and leaves nothing", async () => {
    const server = servers.prepare({ identity: { tapIp: "172.31.255.77", tapPort: 8080 } });
    const refusal = await refusalOf(server.deploy());
    assert.equal(refusal.code, "address_missing");
    assert.match(refusal.message, /no network device has the address 172\.31\.255\.77/);
    assert.ok(!existsSync(server.folder));
  });

  it("refuses a namespace that is not there, and leaves nothing", async function () {
    skipBecause(this, findNamespaceObstacle());
    const server = servers.prepare({ identity: { netns: "fct-none" } });
    const refusal = await refusalOf(server.deploy());
    assert.equal(refusal.code, "netns_missing");
    assert.match(refusal.message, /no network namespace fct-none/);
    assert.ok(!existsSync(server.folder));
  });
});

function observe(server: TaskServer): ReturnType<typeof observeServer> {
  return observeServer(server.host, server.identity, { timeoutMs: 5000 });
}
