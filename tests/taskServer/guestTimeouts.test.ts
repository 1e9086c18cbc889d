import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { alteredArchive } from "../support/taskServer/archive";
import { Guest } from "../support/taskServer/guest";
import { countDescriptors } from "../support/taskServer/processFacts";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

/** As in the real program, but a hundred times as short. */
const constants = {
  "guest_connection.HEAD_SECONDS": "0.1",
  "guest_connection.IDLE_SECONDS": "0.6",
  "guest_connection.BODY_SECONDS": "0.3",
  "guest_side.HOLD_SECONDS": "0.2",
  "guest_side.SWEEP_SECONDS": "0.05",
};

describe("The guest side of the task server: time", () => {
  const server = useOneTaskServer({ archive: alteredArchive({ constants }) });
  const connect = (): Promise<RawConnection> => RawConnection.open(server(), "127.0.0.6");

  async function untilNoConnection(): Promise<void> {
    await waitFor("all connections are closed", async () =>
      (await server().status()).connections === 0 ? true : undefined,
    );
  }

  it("ends a connection whose head does not come to its end, and says why", async () => {
    const connection = await connect();
    connection.send("GET /task HTTP/1.1\r\nHost:");
    assert.equal((await connection.read()).status, 408);
    assert.equal(await connection.readToEnd(), "");
  });

  it("ends a connection that says nothing, without a word", async () => {
    const silent = await connect();
    assert.equal(await silent.readToEnd(), "");
    const used = await connect();
    assert.equal((await used.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")).status, 200);
    assert.equal(await used.readToEnd(), "");
  });

  it("gives up a body that does not go on, with its file and its place among the guest's uploads", async () => {
    const { id } = await server().submit();
    const guest = new Guest(server(), "127.0.0.6");
    assert.equal((await guest.take()).id, id);
    await untilNoConnection();
    const { workerPid } = await server().status();
    const before = countDescriptors(workerPid);
    const head = "POST /result HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";
    const stalled = await Promise.all(Array.from({ length: 4 }, connect));
    for (const connection of stalled) connection.send(`${head}${"x".repeat(50_000)}`);
    for (const connection of stalled) assert.equal((await connection.read()).status, 408);
    await untilNoConnection();
    assert.deepEqual(readdirSync(join(server().folder, "incoming")), []);
    await waitFor("the descriptors are closed", () =>
      countDescriptors(workerPid) <= before + 1 ? true : undefined,
    );
    assert.equal((await guest.post("x".repeat(100_000), id)).status, 200);
  });

  it("lets a body take long as long as it goes on", async () => {
    const { id } = await server().submit();
    assert.equal((await new Guest(server(), "127.0.0.6").take()).id, id);
    const connection = await connect();
    connection.send("POST /result HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
    // Each step waits for a whole hold, which is most of what a pause in a body may take.
    for (const piece of ["a", "b", "c", "d", "e", "f"]) {
      assert.equal((await new Guest(server(), "127.0.0.7").get("/task")).status, 204);
      connection.send(piece);
    }
    assert.equal((await connection.read()).status, 200);
    connection.close();
  });

  it("answers 204 when there is no task, as often as it is asked on one connection", async () => {
    const connection = await connect();
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await connection.ask("GET /task HTTP/1.1\r\nHost: h\r\n\r\n")).status, 204);
    }
    connection.close();
  });
});
