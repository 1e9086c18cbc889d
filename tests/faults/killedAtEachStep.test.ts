import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { arm, killableArchive, type KillStep, type Victims } from "../support/faults/killSteps";
import { makeResult, sha256 } from "../support/faults/makeResult";
import { StackOfOne } from "../support/faults/stackOfOne";
import { WorkingGuest } from "../support/faults/workingGuest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";

const smallBytes = 200;
const longBytes = 3 * 1024 * 1024;

/** In the order in which a task goes through them. */
const steps: Readonly<Record<string, KillStep & { resultBytes?: number }>> = {
  "before a task is stored": { point: "task-inserted" },
  "when a task is stored and its owner has no answer": { point: "task-stored" },
  "before a claim is stored": { point: "task-claimed" },
  "when a task is claimed and nothing of it is sent": { point: "claimed" },
  "when half of the task is sent": { point: "response-begun", cut: "response-start" },
  "when all of the task but its last byte is sent": { point: "response-begun" },
  "when all of the task is sent and the delivery not confirmed": { point: "response-sent" },
  "when the delivery is confirmed": { point: "delivery-confirmed" },
  "when a first piece of a long result is received": { point: "body-piece", resultBytes: longBytes },
  "when a part of a long result is in its file": { point: "body-written", resultBytes: longBytes },
  "when a small result is received and not stored": { point: "result-received" },
  "when a long result is received and not stored": { point: "result-received", resultBytes: longBytes },
  "before the commit of a small result": { point: "result-recorded" },
  "before the commit of a long result whose file is in its place": {
    point: "result-recorded",
    resultBytes: longBytes,
  },
  "when a small result is stored and not answered": { point: "result-stored" },
  "when a long result is stored and not answered": { point: "result-stored", resultBytes: longBytes },
  "when half of the answer to a result is sent": {
    point: "result-answered",
    cut: "response-200",
    containing: "stored",
  },
  "when a result is answered and the waiting run has not seen it": { point: "result-answered" },
  "when the run has a part of a long result": { point: "result-piece-sent", resultBytes: longBytes },
};

describe("A task server that is killed at one step of a task's life", () => {
  const servers = useTaskServers();
  const sshd = useSshd();
  const guests: WorkingGuest[] = [];
  let folder: TemporaryFolder;
  const archive = killableArchive();
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await folder.remove();
    await Promise.all(guests.splice(0).map((guest) => guest.stop()));
  });

  function addGuest(server: TaskServer, resultBytes: number): WorkingGuest {
    const guest = new WorkingGuest(server, "127.0.0.2", (id, run) => makeResult(id, run, resultBytes));
    guests.push(guest);
    return guest;
  }

  async function untilPolled(server: TaskServer): Promise<void> {
    await waitFor("the guest waits", async () =>
      (await server.status()).connections > 0 ? true : undefined,
    );
  }

  for (const whom of ["worker", "both"] satisfies Victims[]) {
    const aftermath =
      whom === "worker" ? "goes on by itself" : "goes on once `pulumi up` has deployed it again";
    for (const [when, { resultBytes = smallBytes, ...step }] of Object.entries(steps)) {
      it(`${when} (${whom}) ${aftermath}: one run, its result whole`, async () => {
        const server = await servers.start({
          archive,
          limits: { maxResultBytes: 2 * longBytes, resultRetentionHours: 1 },
        });
        const resultPath = join(folder.path, "result");
        const stack = new StackOfOne(server, sshd.main().connection(), { run: { resultPath } });
        const guest = addGuest(server, resultBytes);
        guest.start();
        await untilPolled(server);
        const before = await server.status();
        arm(server, step, whom);
        let run = await stack.upRun();
        if (whom === "both") {
          assert.ok(run.error, "the run cannot have ended by itself");
          assert.equal((await stack.readServer()).status, "stopped");
          await stack.upServer();
          run = await stack.upRun();
        }
        const after = await server.status();
        assert.notEqual(after.workerPid, before.workerPid, "it was killed");
        assert.equal(after.pid === before.pid, whom === "worker");
        assert.equal(run.error?.message, undefined);
        assert.deepEqual([run.state?.status, run.state?.attempts], ["done", 1]);
        const taskId = run.state?.taskId ?? "";
        assert.deepEqual([...guest.runs], [[taskId, 1]]);
        assert.deepEqual(guest.refusals, []);
        const expected = makeResult(taskId, 1, resultBytes);
        assert.ok(readFileSync(resultPath).equals(expected), "another result than the guest's");
        assert.equal(run.state?.resultSha256, sha256(expected));
        assert.deepEqual([after.queued, after.claimed, after.uncollected], [0, 0, []]);
      });
    }
  }
});
