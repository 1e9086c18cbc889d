import assert from "node:assert/strict";
import { agentRunSchema, type AgentRunInputs } from "../../provider/agentRun/agentRunContract";
import type { GuestEnd, RunSurroundings } from "../../provider/agentRun/companions";
import { describeOutcome } from "../../provider/agentRun/describeOutcome";
import { runInGuest } from "../../provider/agentRun/runInGuest";
import type { RunProgress } from "../../provider/agentRun/runTask";
import { GuestEndedSignal } from "../../provider/agentRun/waitInGuest";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import { catchError } from "../support/catchError";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { fakeSurroundings } from "./fakeSurroundings";

const connection = { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
const end: GuestEnd = { how: "signal SIGKILL", serialTail: "last words" };

describe("runInGuest", () => {
  const servers = useTaskServers();
  let server: TaskServer;
  let calls: string[];
  beforeEach(async () => {
    server = await servers.start();
    calls = [];
  });

  function inputsWith(maxAttempts = 1): AgentRunInputs {
    const task = { prompt: "p", maxAttempts };
    return agentRunSchema.parse({ connection, ...server.identity, task, stableKey: "k" });
  }

  /** Runs with conversations that end as they are told to, one after the other. */
  function run(
    taskId: string,
    conversations: readonly (() => Promise<RunProgress>)[],
    overrides: Partial<RunSurroundings> = {},
    inputs = inputsWith(),
  ): Promise<RunProgress> {
    const left = [...conversations];
    const surroundings = fakeSurroundings(overrides, calls);
    return runInGuest(
      server.host,
      inputs,
      { kind: "wait", taskId, isOwnTask: true },
      surroundings,
      async (woken) => {
        if (woken !== undefined) await woken.wakeGuest(server.host);
        calls.push(woken === undefined ? "collect" : "wait");
        return (left.shift() ?? fail)();
      },
    );
  }

  const fail = (): Promise<never> => Promise.reject(new Error("it broke"));
  const guestEnds = (taskId: string) => (): Promise<never> =>
    Promise.reject(new GuestEndedSignal(taskId, end));
  const progressOf =
    (taskId: string, hasTimedOut = false) =>
    async (): Promise<RunProgress> => {
      const outcome = await server.wait(taskId, 0);
      return { outputs: describeOutcome(outcome, undefined, true), hasTimedOut };
    };

  it("has the server run before the guest wakes, and both stopped after the result", async () => {
    const { id } = await server.submit();
    await run(id, [progressOf(id)]);
    assert.deepEqual(calls, ["server", "guest", "wait", "rest"]);
  });

  it("leaves both up when the wait timed out", async () => {
    const { id } = await server.submit();
    await run(id, [progressOf(id, true)]);
    assert.deepEqual(calls, ["server", "guest", "wait"]);
  });

  it("wakes nobody for a result that is there", async () => {
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await guest.post("r", id);
    const { outputs } = await run(id, [progressOf(id)]);
    assert.equal(outputs.result, "r");
    assert.deepEqual(calls, ["collect", "rest"]);
  });

  it("stops the server too when the guest cannot be woken, and passes the error on", async () => {
    const { id } = await server.submit();
    const error = await catchError(run(id, [], { wakeGuest: fail, isGuestUp: () => false }));
    assert.equal(error.message, "it broke");
    assert.deepEqual(calls, ["server", "rest"]);
  });

  it("stops nothing when the connection broke: it is made anew, and the same guest goes on", async () => {
    const { id } = await server.submit();
    const lost = (): Promise<never> =>
      Promise.reject(new ConnectionLostError("root@fc.example.com:22", "it broke"));
    const error = await catchError(run(id, [lost], { isGuestUp: () => false }));
    assert.ok(error instanceof ConnectionLostError);
    assert.deepEqual(calls, ["server", "guest", "wait"]);
  });

  it("says how the guest ended that had not asked for the task, which stays queued", async () => {
    const { id } = await server.submit();
    const error = await catchError(run(id, [guestEnds(id)], { isGuestUp: () => false }));
    assert.match(
      error.message,
      /^The microVM ended before it asked for task \S+ on .*: signal SIGKILL\. The task is still queued: .*\n.*\nlast words$/s,
    );
    assert.equal((await server.record(id)).state, "queued");
    assert.deepEqual(calls, ["server", "guest", "wait", "rest"]);
  });

  it("fails a run whose guest was lost with its last attempt, and forgets the task", async () => {
    const { id } = await server.submit();
    await new Guest(server, "127.0.0.2").take();
    const { outputs } = await run(id, [guestEnds(id)]);
    const { status, errorKind, reason, attempts } = outputs;
    assert.deepEqual(
      { status, errorKind, reason, attempts },
      {
        ...{ status: "failed", errorKind: "guest-lost", attempts: 1 },
        reason:
          "the microVM ended (signal SIGKILL) before the result came; its serial console ended with: last words",
      },
    );
    assert.match((await catchError(server.record(id))).message, /there is no task/);
    assert.deepEqual(calls, ["server", "guest", "wait", "rest"]);
  });

  it("wakes the guest once more where `maxAttempts` allows another delivery", async () => {
    const { id } = await server.submit({ maxAttempts: 2 });
    await new Guest(server, "127.0.0.2").take();
    await run(id, [guestEnds(id), progressOf(id)], {}, inputsWith(2));
    assert.deepEqual(calls, ["server", "guest", "wait", "guest", "wait", "rest"]);
  });

  it("takes the result that came in the very end of a guest", async () => {
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    const postAndEnd = async (): Promise<never> => {
      await guest.post("r", id);
      return guestEnds(id)();
    };
    const { outputs } = await run(id, [postAndEnd, progressOf(id)]);
    assert.equal(outputs.result, "r");
    assert.deepEqual(calls, ["server", "guest", "wait", "collect", "rest"]);
  });

  it("stops nothing that another run uses still", async () => {
    const { id } = await server.submit();
    await run(id, [progressOf(id)], { leave: () => false });
    assert.deepEqual(calls, ["server", "guest", "wait"]);
  });

  it("keeps the result when something does not stop", async () => {
    const { id } = await server.submit();
    const { hasTimedOut } = await run(id, [progressOf(id)], { rest: fail });
    assert.equal(hasTimedOut, false);
  });
});
