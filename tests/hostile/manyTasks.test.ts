import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { submitMany } from "../support/hostile/submitMany";
import { parseTask } from "../support/taskServer/guest";
import { countDescriptors, readPeakMemoryKib } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const tasks = 5000;
const guests = 32;
/** Long enough to be noticed if the server kept them: 10 MB of prompts and as much of results in all. */
const text = "x".repeat(2000);
const growthKib = 12 * 1024;

describe("Thousands of tasks and results", () => {
  const servers = useTaskServers();
  let tickets = tasks;

  /** As many requests for a task as there are tasks: one more would be held for ten seconds. */
  function takeTicket(): boolean {
    tickets -= 1;
    return tickets >= 0;
  }

  it(`${tasks} of them end once each, and the server's memory does not grow with them`, async function () {
    this.timeout(120_000);
    const server = await servers.start();
    const { workerPid } = await server.status();
    const [memory, descriptors] = [readPeakMemoryKib(workerPid), countDescriptors(workerPid)];
    const queuedIds = await submitMany(server, tasks, () => ({ prompt: text }));
    const done = await Promise.all(
      Array.from({ length: guests }, (_, number) => work(server, `127.0.1.${number + 1}`)),
    );
    assert.deepEqual(done.flat().toSorted(), queuedIds.toSorted());
    const status = await server.status();
    assert.deepEqual([status.queued, status.claimed, status.workerPid], [0, 0, workerPid]);
    const grown = readPeakMemoryKib(workerPid) - memory;
    console.log(`      the worker grew by ${grown} KiB at its highest`);
    assert.ok(grown < growthKib, `${grown} KiB`);
    assert.ok(countDescriptors(workerPid) <= descriptors + 4);
    const record = await server.record(queuedIds[0] ?? "");
    assert.deepEqual([record.state, record.attempts, record.resultBytes], ["done", 1, text.length]);
  });

  /** A guest that works as long as there are tasks; returns what it has done. */
  async function work(target: TaskServer, localAddress: string): Promise<string[]> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const done: string[] = [];
    const ask = async (
      method: string,
      path: string,
      body?: string,
    ): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const { tapIp: host, tapPort: port } = target.identity;
        const call = request({ host, port, localAddress, agent, method, path }, (response) => {
          let received = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (received += chunk));
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, body: received });
          });
        });
        call.on("error", reject);
        call.end(body);
      });
    while (takeTicket()) await runOne(ask, done);
    agent.destroy();
    return done;
  }

  async function runOne(
    ask: (method: string, path: string, body?: string) => Promise<{ status: number; body: string }>,
    done: string[],
  ): Promise<void> {
    const answer = await ask("GET", "/task");
    assert.equal(answer.status, 200);
    const { id } = parseTask(answer.body);
    assert.equal((await ask("POST", `/result?id=${id}`, text)).status, 200);
    done.push(id);
  }
});
