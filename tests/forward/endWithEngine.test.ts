import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { findEngineAddress } from "../../provider/forward/endWithEngine";

const script = "/usr/lib/node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js";
const modulePath = join(__dirname, "..", "..", "provider", "forward", "endWithEngine");

describe("findEngineAddress", () => {
  it("finds the engine's address among the dynamic provider's arguments", () => {
    assert.deepEqual(findEngineAddress(["node", script, "127.0.0.1:4100"]), {
      host: "127.0.0.1",
      port: 4100,
    });
    assert.deepEqual(findEngineAddress(["node", script, "[::1]:4100"]), { host: "::1", port: 4100 });
  });

  it("finds none in any other process", () => {
    assert.equal(findEngineAddress(["node", "/app/index.js", "127.0.0.1:4100"]), undefined);
    assert.equal(findEngineAddress(["node", script]), undefined);
  });
});

describe("endWithEngine", () => {
  it("lives through a dropped connection and ends the process when the engine is gone", async () => {
    const engine = createServer();
    engine.listen(0, "127.0.0.1");
    await once(engine, "listening");
    const { port } = engine.address() as { port: number };
    const program = `
      require("ts-node/register/transpile-only");
      require(process.env.MODULE_PATH).endWithEngine(["node", ${JSON.stringify(script)}, "127.0.0.1:${port}"]);
      setInterval(() => undefined, 1000);`;
    const provider = spawn(process.execPath, ["-e", program], {
      env: { ...process.env, MODULE_PATH: modulePath },
    });
    try {
      const [first] = (await once(engine, "connection")) as [import("node:net").Socket];
      first.destroy();
      // It dials again, so it took the lost connection for what it was.
      const [second] = (await once(engine, "connection")) as [import("node:net").Socket];
      assert.equal(provider.exitCode, null);
      engine.close();
      second.destroy();
      const [code] = (await once(provider, "exit")) as [number];
      assert.equal(code, 1);
    } finally {
      provider.kill("SIGKILL");
      engine.close();
    }
  });
});
