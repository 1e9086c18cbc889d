import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { waitUntil } from "../support/waitUntil";
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

  it("undoes first what is under way, and what ended after the engine; what had ended before stays", async () => {
    const engine = createServer();
    engine.listen(0, "127.0.0.1");
    await once(engine, "listening");
    const { port } = engine.address() as { port: number };
    const program = `
      require("ts-node/register/transpile-only");
      const { endWithEngine, undoWithEngine } = require(process.env.MODULE_PATH);
      endWithEngine(["node", ${JSON.stringify(script)}, "127.0.0.1:${port}"]);
      const undo = (name) => async () => { process.stdout.write(name + ";"); };
      undoWithEngine(new Promise(() => undefined), undo("under way"));
      undoWithEngine(Promise.reject(new Error()), undo("failed before")).catch(() => undefined);
      const late = new Promise((resolve) => process.stdin.once("data", resolve));
      undoWithEngine(late, undo("ended after"));
      undoWithEngine(Promise.resolve(), undo("ended before")).then(() => process.stdout.write("ready;"));`;
    const provider = spawn(process.execPath, ["-e", program], {
      env: { ...process.env, MODULE_PATH: modulePath },
    });
    let printed = "";
    provider.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const sockets: import("node:net").Socket[] = [];
    engine.on("connection", (socket) => sockets.push(socket.on("error", () => undefined)));
    try {
      await waitUntil("the provider is ready", () => printed === "ready;");
      engine.close();
      // Before the provider has dialed again, and knows.
      provider.stdin.write("go");
      sockets.forEach((socket) => socket.destroy());
      const [code] = (await once(provider, "close")) as [number];
      assert.equal(code, 1);
      assert.equal(printed, "ready;under way;ended after;");
    } finally {
      provider.kill("SIGKILL");
      engine.close();
    }
  });
});
