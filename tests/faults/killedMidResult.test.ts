import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { arm, killableArchive, type Victims } from "../support/faults/killSteps";
import { makeResult } from "../support/faults/makeResult";
import { Guest } from "../support/taskServer/guest";
import { isRunning } from "../support/taskServer/processFacts";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("A task server that is killed when it has half of a result", () => {
  const servers = useTaskServers();
  const archive = killableArchive();

  for (const whom of ["worker", "both"] satisfies Victims[]) {
    for (const [what, size, point] of [
      ["short", 1000, "body-piece"],
      ["long", 200_000, "body-written"],
    ] as const) {
      it(`keeps nothing of a ${what} one (${whom}), and takes the whole afterwards`, async () => {
        const server = await servers.start({ archive });
        const { id } = await server.submit();
        const guest = new Guest(server, "127.0.0.2");
        await guest.take();
        const body = makeResult(id, 1, size);
        const { pid, workerPid } = await server.status();
        arm(server, { point }, whom);
        const connection = await RawConnection.open(server, "127.0.0.2");
        connection.send(`POST /result?id=${id} HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
        connection.send(body.subarray(0, size / 2));
        assert.equal(await connection.readToEnd(), "", "half a result is not answered");
        await waitFor("it is killed", () => (isRunning(workerPid) ? undefined : true));
        if (whom === "both") {
          assert.equal(isRunning(pid), false);
          await server.deploy();
        }
        const answer = await waitFor("it is back", () => guest.post(body, id).catch(() => undefined));
        assert.equal(answer.status, 200);
        const outcome = await server.wait(id);
        assert.ok(outcome.isFinal && outcome.head.equals(body));
        assert.deepEqual(readdirSync(join(server.folder, "incoming")), []);
      });
    }
  }
});
