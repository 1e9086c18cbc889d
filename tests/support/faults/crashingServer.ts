import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { TaskRecord } from "../../../provider/taskServer/taskRecord";
import { TaskServer } from "../taskServer/taskServer";
import { waitFor } from "../taskServer/waitFor";
import { killNow } from "./killNow";
import { killableArchive } from "./killSteps";
import { makeResult } from "./makeResult";
import { persistently } from "./persistently";
import type { SeededRandom } from "./seededRandom";
import { WorkingGuest } from "./workingGuest";

/** A worker takes about this long to start; kills fall into its start, and into its work. */
const longestLifeMs = 250;
const tasksAtOnce = 4;
const longestResultBytes = 200_000;

/** A task and how it ended. */
interface Ended {
  record: TaskRecord;
  body: Buffer;
}

/** A task server under kills, with guests of both generations, and with an owner who queues one task after the other. */
export class CrashingServer {
  public kills = 0;
  private readonly ended: Ended[] = [];
  private readonly guests: WorkingGuest[] = [];
  private owners: Promise<void>[] = [];
  private isSettling = false;

  private constructor(
    private readonly server: TaskServer,
    private readonly random: SeededRandom,
  ) {
    const agent = (id: string, run: number): Buffer => makeResult(id, run, sizeOf(id));
    for (const [number, generation] of [
      [2, "byId"],
      [3, "byId"],
      [4, "bare"],
    ] as const) {
      this.guests.push(new WorkingGuest(server, `127.0.0.${number}`, agent, generation));
    }
  }

  public static async start(random: SeededRandom): Promise<CrashingServer> {
    const server = new TaskServer({ archive: killableArchive() });
    await server.deploy();
    const crashing = new CrashingServer(server, random);
    for (const guest of crashing.guests) guest.start();
    crashing.owners = Array.from({ length: tasksAtOnce }, (_, index) => crashing.own(index));
    // A failure is seen when they are waited for.
    for (const owner of crashing.owners) owner.catch(() => undefined);
    return crashing;
  }

  /** Lets the server live for a while, kills a part of it or all, and deploys it again where nothing else does. */
  public async killOnce(): Promise<void> {
    const { pid } = JSON.parse(readFileSync(`${this.server.folder}/server.pid`, "utf8")) as { pid: number };
    await sleep(this.random.below(longestLifeMs));
    const dice = this.random.below(10);
    const workers = await waitFor("there is a worker", () => {
      const children = readChildren(pid);
      return children.length > 0 ? children : undefined;
    });
    const victims = dice < 8 ? workers : dice === 8 ? [pid] : [pid, ...workers];
    killNow(victims);
    this.kills += 1;
    if (victims.includes(pid)) await this.server.deploy();
  }

  /** Lets the tasks that are under way come to their end. */
  public async settle(): Promise<void> {
    this.isSettling = true;
    await Promise.all(this.owners);
  }

  /** Each task that was accepted ended once, no agent ran twice, and what was answered with 200 is there. */
  public async assertKept(): Promise<void> {
    assert.ok(this.ended.length > this.kills / 4, `${this.ended.length} tasks only`);
    const posting = this.guests.filter(({ generation }) => generation === "byId");
    let neverRun = 0;
    for (const { record, body } of this.ended) {
      const runs = this.guests.reduce((sum, guest) => sum + (guest.runs.get(record.id) ?? 0), 0);
      const what = `${runs} runs of ${JSON.stringify(record)}`;
      if (record.state === "done") {
        assert.equal(runs, 1, what);
        assert.ok(body.equals(makeResult(record.id, 1, sizeOf(record.id))), `another body, ${what}`);
        continue;
      }
      assert.equal(record.state, "failed", what);
      assert.match(record.reason ?? "", /lost it: it asked for a task again/);
      assert.ok(!this.guests.some(({ stored }) => stored.has(record.id)), `answered with 200, ${what}`);
      // Who posts until it is answered loses no result; it may have been about to get the task's last byte.
      const isPosting = posting.some(({ address }) => address === record.guest);
      assert.ok(runs <= (isPosting ? 0 : 1), what);
      if (runs === 0) neverRun += 1;
    }
    assert.ok(neverRun <= this.kills / 20, `${neverRun} tasks failed that no agent has run`);
    assert.deepEqual(
      this.guests.flatMap(({ refusals }) => refusals),
      [],
    );
    const { queued, claimed } = await this.server.status();
    assert.deepEqual([queued, claimed], [0, 0]);
  }

  public async remove(): Promise<void> {
    this.isSettling = true;
    await Promise.all(this.guests.map((guest) => guest.stop()));
    await this.server.stop({ remove: true });
    await Promise.allSettled(this.owners);
  }

  private async own(index: number): Promise<void> {
    for (let number = 0; !this.isSettling; number += 1) {
      const id = `task-${index}-${number}-${this.random.below(longestResultBytes)}`;
      const task = this.server.describeTask({ id });
      await persistently(this.server, (client) => client.submit(task));
      const inlineBytes = 2 * longestResultBytes;
      const outcome = await persistently(this.server, (client) =>
        client.wait(id, { timeoutMs: 30_000, inlineBytes }),
      );
      assert.ok(outcome.isFinal, `not ended: ${JSON.stringify(outcome.record)}`);
      this.ended.push({ record: outcome.record, body: outcome.head });
    }
  }
}

/** Every other result is short; the id says how long. */
function sizeOf(id: string): number {
  const size = Number(id.split("-").at(-1));
  return size % 2 === 0 ? size % 1000 : size;
}

function readChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
