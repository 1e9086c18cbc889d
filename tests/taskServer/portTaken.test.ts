import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { HostRefusedError } from "../../provider/errors/hostRefusedError";
import { catchError } from "../support/catchError";
import { useTaskServers } from "../support/taskServer/useTaskServers";

describe("deployServer where the port is taken", () => {
  const servers = useTaskServers();

  for (const [what, host] of [
    ["that address", undefined],
    ["all addresses", "0.0.0.0"],
    ["all addresses of IPv6 too", "::"],
  ] as const) {
    it(`names the process that listens on ${what}, and leaves nothing`, async () => {
      const server = servers.prepare();
      const { tapIp, tapPort } = server.identity;
      const other = createServer().listen({ port: tapPort, host: host ?? tapIp });
      try {
        await once(other, "listening");
        const error = await catchError(server.deploy());
        assert.ok(error instanceof HostRefusedError);
        assert.equal(error.code, "port_taken");
        assert.match(
          error.message,
          new RegExp(`port ${tapPort} of ${tapIp} is taken by \\S+.* \\(pid ${process.pid}\\)`),
        );
        assert.match(error.message, /Stop that process, or choose another `tapPort`/);
        assert.ok(!existsSync(server.folder));
      } finally {
        other.close();
      }
    });
  }

  it("keeps queue and results of a server that was stopped", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    await server.stop();
    const { tapIp, tapPort } = server.identity;
    const other = createServer().listen({ port: tapPort, host: tapIp });
    try {
      await once(other, "listening");
      await catchError(server.deploy());
      assert.equal((await server.record(id).catch(() => undefined))?.id, undefined);
    } finally {
      other.close();
    }
    await server.deploy();
    assert.equal((await server.record(id)).state, "queued");
  });
});
