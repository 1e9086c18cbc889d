import assert from "node:assert/strict";
import { RequestRefusedError } from "../../provider/taskServer/controlClient";
import { catchError } from "../support/catchError";
import { Guest, parseTask } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

const asking = "GET /task HTTP/1.1\r\nHost: h\r\n\r\n";

describe("The task server's queue", () => {
  const server = useOneTaskServer();
  const guest = (number = 2): Guest => new Guest(server(), `127.0.0.${number}`);

  let connection: RawConnection | undefined;

  afterEach(async () => {
    connection?.close();
    connection = undefined;
    // A request that is still held would take the next test's task.
    await waitFor("no guest is there", async () =>
      (await server().status()).connections === 0 ? true : undefined,
    );
  });

  async function refusalOf(work: Promise<unknown>): Promise<RequestRefusedError> {
    const error = await catchError(work);
    assert.ok(error instanceof RequestRefusedError, error.message);
    return error;
  }

  /** A guest that asks on one connection: what it asks comes surely after the response before has counted. */
  async function connect(): Promise<RawConnection> {
    connection = await RawConnection.open(server(), guest().address);
    return connection;
  }

  async function takeOn(open: RawConnection): Promise<string> {
    return parseTask((await open.ask(asking)).body).id;
  }

  it("finds a task that is submitted again by its id, and queues it once", async () => {
    const task = server().describeTask();
    const first = await server().control((client) => client.submit(task));
    const second = await server().control((client) => client.submit(task));
    assert.deepEqual(second, first);
    assert.equal((await server().status()).queued, 1);
    await guest().take();
    await guest().post("done");
    const third = await server().control((client) => client.submit(task));
    assert.equal(third.state, "done");
    assert.equal((await server().status()).queued, 0);
  });

  it("refuses the id of a task that belongs to somebody else, and names the owner", async () => {
    const { id, owner } = await server().submit();
    const refusal = await refusalOf(server().submit({ id, owner: "another" }));
    assert.equal(refusal.code, "conflict");
    assert.ok(refusal.message.includes(owner), refusal.message);
  });

  it("withdraws the queued task of an owner who queues another one", async () => {
    const owner = "the same";
    const first = await server().submit({ owner });
    const second = await server().submit({ owner });
    const { state, reason } = await server().record(first.id);
    assert.equal(state, "cancelled");
    assert.match(reason ?? "", /queued another task/);
    assert.equal((await guest().take()).id, second.id);
  });

  it("lets a claimed task go on when its owner queues another one, and keeps both results", async () => {
    const owner = "the same";
    const first = await server().submit({ owner });
    await guest().take();
    const second = await server().submit({ owner });
    assert.equal((await server().record(first.id)).state, "claimed");
    assert.equal((await guest().post("one", first.id)).status, 200);
    await guest().take();
    assert.equal((await guest().post("two", second.id)).status, 200);
    for (const [{ id }, text] of [
      [first, "one"],
      [second, "two"],
    ] as const) {
      const outcome = await server().wait(id);
      assert.ok(outcome.isFinal);
      assert.equal(outcome.head.toString(), text);
    }
  });

  it("withdraws a queued task on request, and leaves a claimed one alone", async () => {
    const queued = await server().submit();
    await server().control((client) => client.cancel(queued.id));
    assert.equal((await server().record(queued.id)).state, "cancelled");
    const claimed = await server().submit();
    await guest().take();
    await server().control((client) => client.cancel(claimed.id));
    assert.equal((await server().record(claimed.id)).state, "claimed");
  });

  it("forgets a task with its result, and a task that it does not know", async () => {
    const { id } = await server().submit();
    await guest().take();
    await guest().post("x".repeat(20_000), id);
    await server().control((client) => client.forget(id));
    await server().control((client) => client.forget(id));
    assert.equal((await refusalOf(server().wait(id))).code, "unknown_task");
    assert.equal((await guest().post("again", id)).status, 404);
  });

  it("knows which task was injected last, and which results nobody has collected", async () => {
    const injected = await server().submit({ injected: true });
    const other = await server().submit();
    await guest().take();
    await guest().post("r");
    const before = await server().control((client) => client.status());
    assert.equal(before.injectedTaskId, injected.id);
    assert.deepEqual(before.uncollected, [injected.id]);
    assert.equal(before.idle, false);
    await server().control((client) => client.markCollected(injected.id));
    await server().control((client) => client.cancel(other.id));
    const after = await server().control((client) => client.status());
    assert.deepEqual(after.uncollected, []);
    assert.equal(after.idle, true);
  });

  it("fails a task whose guest asks again, since a second run costs money", async () => {
    const lost = await server().submit();
    const next = await server().submit();
    const open = await connect();
    assert.deepEqual([await takeOn(open), await takeOn(open)], [lost.id, next.id]);
    const { state, reason, attempts } = await server().record(lost.id);
    assert.deepEqual([state, attempts], ["failed", 1]);
    assert.equal(
      reason,
      "the guest 127.0.0.2 lost it: it asked for a task again before it had returned a result",
    );
    assert.equal((await guest().post("late", lost.id)).status, 409);
  });

  it("delivers a task again to a guest that asks again, up to maxAttempts", async () => {
    const { id } = await server().submit({ maxAttempts: 2 });
    const open = await connect();
    assert.deepEqual([await takeOn(open), await takeOn(open)], [id, id]);
    assert.equal((await server().record(id)).attempts, 2);
    open.send(asking);
    const failed = await waitFor("the task has failed", async () => {
      const record = await server().record(id);
      return record.state === "failed" ? record : undefined;
    });
    assert.match(failed.reason ?? "", /\(attempt 2 of 2\)$/);
  });

  it("tells who waits of each change, and ends the wait at its time-out", async () => {
    const { id } = await server().submit();
    const timedOut = await server().wait(id, 50);
    assert.ok(!timedOut.isFinal);
    assert.equal(timedOut.record.state, "queued");
    const waiting = [server().wait(id), server().wait(id)];
    await guest().take();
    await guest().post("r");
    for (const outcome of await Promise.all(waiting)) assert.equal(outcome.record.state, "done");
  });
});
