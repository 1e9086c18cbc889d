import assert from "node:assert/strict";
import type { AgentRunState } from "../../provider/agentRun/agentRunContract";
import { errorKinds, type ErrorKind } from "../../provider/agentRun/classifyFailure";
import { StackOfOne } from "../support/faults/stackOfOne";
import { guestShells } from "../support/guestAgent/guestShell";
import { startGuestAgent, type GuestAgent } from "../support/guestAgent/startGuestAgent";
import { skipBecause } from "../support/skipBecause";
import { TaskServer } from "../support/taskServer/taskServer";
import { useSshd } from "../support/useSshd";
import { waitUntil } from "../support/waitUntil";

/** What makes the guest agent and the stand-in fail in each way; the one of a guest that is lost is a test by itself. */
const failures: Readonly<
  Record<
    Exclude<ErrorKind, "guest-lost">,
    { task: Record<string, unknown>; exitCode: number; reason: RegExp }
  >
> = {
  "agent-failed": { task: { prompt: "@fail 3" }, exitCode: 3, reason: /^the agent ended with exit code 3$/ },
  "not-logged-in": {
    task: { prompt: "@login" },
    exitCode: 1,
    reason: /^the agent is not logged in: Invalid API key/,
  },
  "api-refused": {
    task: { prompt: "@api 401" },
    exitCode: 1,
    reason: /^the API refused the agent with status 401: API Error/,
  },
  "rate-limited": {
    task: { prompt: "@api 429" },
    exitCode: 1,
    reason: /^the API's rate or usage limit was reached, until 2100-01-01T00:00:00\.000Z/,
  },
  "budget-reached": { task: { prompt: "@budget", maxBudgetUsd: 2 }, exitCode: 1, reason: /`maxBudgetUsd`/ },
  "turns-reached": { task: { prompt: "@limit", maxTurns: 2 }, exitCode: 1, reason: /`maxTurns`/ },
  "timed-out": {
    task: { prompt: "@hang", timeoutSeconds: 10 },
    exitCode: 143,
    reason: /`timeoutSeconds` of the task/,
  },
  killed: { task: { prompt: "@signal KILL" }, exitCode: 137, reason: /^the agent was killed by a signal/ },
  "clone-failed": {
    task: { prompt: "p" },
    exitCode: 128,
    reason: /^the repository could not be cloned: .*(unable to access|Failed to connect)/,
  },
};

describe("A run that fails, as the guest agent tells of it", function () {
  this.timeout(60_000);
  const sshd = useSshd();
  const shell = guestShells[0];
  let server: TaskServer;
  let guest: GuestAgent;

  before(async function () {
    skipBecause(this, shell?.obstacle);
    server = new TaskServer();
    await server.deploy();
    guest = bootGuest();
  });
  after(async () => {
    await (guest as GuestAgent | undefined)?.stop();
    await (server as TaskServer | undefined)?.stop({ remove: true });
  });

  function bootGuest(): GuestAgent {
    const { tapIp, tapPort } = server.identity;
    if (shell === undefined) throw new Error("unreachable");
    return startGuestAgent({ shell, url: `http://${tapIp}:${tapPort}` });
  }

  function startRun(task: Record<string, unknown>): Promise<AgentRunState> {
    const stack = new StackOfOne(server, sshd.main().connection(), {
      run: { task, failOnAgentError: false },
    });
    return stack.upRun().then(({ state, error }) => {
      if (error !== undefined || state === undefined) throw error ?? new Error("the run left no state");
      return state;
    });
  }

  for (const outputFormat of ["text", "json"]) {
    for (const [kind, { task, exitCode, reason }] of Object.entries(failures)) {
      // Its ten seconds are spent once.
      if (kind === "timed-out" && outputFormat === "json") continue;
      it(`is ${kind}, with its exit code and reason, where ${outputFormat} was asked for`, async () => {
        const { tapIp } = server.identity;
        // Nobody listens there.
        const repository = kind === "clone-failed" ? { gitRepoUrl: `http://${tapIp}:1/r.git` } : {};
        const state = await startRun({ outputFormat, ...repository, ...task });
        assert.deepEqual([state.errorKind, state.exitCode, state.status], [kind, exitCode, "failed"]);
        assert.match(state.reason ?? "", reason);
        const resetsAt = kind === "rate-limited" ? "2100-01-01T00:00:00.000Z" : undefined;
        assert.equal(state.limitResetsAt, resetsAt);
        assert.equal(state.costUsd, costOf(kind));
      });
    }
  }

  it("is guest-lost, when the guest asks for a task without having returned the last one", async () => {
    const pending = startRun({ prompt: "@hang" });
    await waitUntil("the agent hangs", () => /bytes of prompt\n$/.test(guest.log()));
    await guest.stop();
    guest = bootGuest();
    const state = await pending;
    assert.deepEqual([state.errorKind, state.status, state.attempts], ["guest-lost", "failed", 1]);
  });

  it("is of one of the kinds that have a test here", () => {
    assert.deepEqual([...errorKinds].sort(), [...Object.keys(failures), "guest-lost"].sort());
  });
});

/** What the stand-in says that it has spent; where it prints no object, it says nothing. */
function costOf(kind: string): number | undefined {
  if (kind === "budget-reached") return 2;
  return ["not-logged-in", "api-refused", "rate-limited", "turns-reached"].includes(kind)
    ? 0.0125
    : undefined;
}
