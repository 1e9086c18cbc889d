import assert from "node:assert/strict";
import { withSeed } from "../support/faults/seededRandom";
import { fuzzServer, type LiveFuzz } from "../support/hostile/runFuzzer";
import { submitMany } from "../support/hostile/submitMany";
import { boundMs, readSoakSeconds } from "../support/hostile/soak";
import { alteredArchive } from "../support/taskServer/archive";
import { countDescriptors, readPeakMemoryKib } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

/** What the worker may have grown by at its highest, in KiB: it is warm after the first requests. */
const growthKib = 8 * 1024;

describe("The live task server, fuzzed", () => {
  const servers = useTaskServers();

  /** The server's own bound of ten seconds would make most of the time waiting. */
  const archive = alteredArchive({ constants: { "guest_side.HOLD_SECONDS": "0.01" } });

  it("takes 10,000 spoiled requests on real sockets without a crash, a hang, growth or a wrong acceptance", async function () {
    this.timeout(boundMs(120_000));
    const until = Date.now() + (readSoakSeconds() ?? 0) * 1000;
    await withSeed(async (seed) => {
      // The queue has room for one round: a soak is many of them.
      for (let round = 0; round === 0 || Date.now() < until; round += 1)
        await runRound(seed + round * 10_000);
    });
  });

  async function runRound(seed: number): Promise<void> {
    const server = await servers.start({ archive });
    const tasks = await submitMany(server, 3000);
    const before = await server.status();
    const target = (guest: string): { tapIp: string; tapPort: number; guest: string } => ({
      ...server.identity,
      guest,
    });
    const warmUp = await fuzzServer(target("127.0.0.9"), seed + 2_000_000_000, 200);
    const peak = readPeakMemoryKib(before.workerPid);
    const descriptors = countDescriptors(before.workerPid);
    const runs = await Promise.all(
      [0, 1_000_000_000].map((offset, index) =>
        fuzzServer(target(`127.0.0.${10 + index}`), seed + offset, 4700),
      ),
    );
    report(runs);
    const after = await server.status();
    assert.equal(after.workerPid, before.workerPid, "the worker crashed");
    assert.ok(readPeakMemoryKib(after.workerPid) - peak < growthKib, "the worker grew");
    await waitFor("all connections are closed", () =>
      countDescriptors(after.workerPid) <= descriptors ? true : undefined,
    );
    for (const run of runs) await checkResults(server, run);
    await checkUntouched(server, tasks, [warmUp, ...runs]);
    await server.stop({ remove: true });
  }

  function report(runs: readonly LiveFuzz[]): void {
    const requests = runs.reduce((sum, run) => sum + run.requests, 0);
    const stored = runs.reduce((sum, run) => sum + Object.keys(run.stored).length, 0);
    const given = runs.reduce((sum, run) => sum + run.given.length, 0);
    console.log(
      `      ${requests} requests, of which a strict reader takes ${given} for polls and ${stored} for results`,
    );
    assert.ok(requests >= 10_000 && stored > 100 && given > 100, "both kinds have to come often");
  }

  /** The body in the database is the one that a strict reader has read. */
  async function checkResults(server: TaskServer, { stored }: LiveFuzz): Promise<void> {
    for (const [id, sha256] of Object.entries(stored)) {
      const { state, resultSha256 } = await server.record(id);
      assert.deepEqual([id, state, resultSha256], [id, "done", sha256]);
    }
  }

  /** What nobody was given is still in the queue, and no other task has a result. */
  async function checkUntouched(
    server: TaskServer,
    tasks: readonly string[],
    runs: readonly LiveFuzz[],
  ): Promise<void> {
    const { queued, uncollected } = await server.status();
    const stored = new Set(runs.flatMap((run) => Object.keys(run.stored)));
    assert.deepEqual(
      uncollected.filter((id) => !stored.has(id)),
      [],
    );
    const given = new Set(runs.flatMap((run) => run.given));
    assert.ok(queued <= tasks.length - given.size && queued > 0, `${queued} of ${tasks.length} are queued`);
  }
});
