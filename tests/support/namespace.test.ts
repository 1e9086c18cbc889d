import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findNamespaceObstacle, makeNamespace, netnsFolder } from "./namespace";
import { skipBecause } from "./skipBecause";
import { waitUntil } from "./waitUntil";

describe("A namespace of the tests", function () {
  this.timeout(30_000);
  before(function () {
    skipBecause(this, findNamespaceObstacle());
  });

  it("gives each guest an address of its own, and is gone when it is removed", async () => {
    const namespace = await makeNamespace();
    try {
      const addresses = [await namespace.addGuestAddress(), await namespace.addGuestAddress()];
      assert.deepEqual(addresses, ["172.16.0.2", "172.16.0.3"]);
      assert.match(await namespace.ip("-br", "address", "show", namespace.tapDevice), /172\.16\.0\.1\/24/);
    } finally {
      await namespace.remove();
    }
    assert.ok(![namespace.name, namespace.guestName].some((name) => existsSync(join(netnsFolder, name))));
  });

  it("goes, with what runs in it, when the process that made it is killed", async () => {
    const program = `
      require("ts-node/register/transpile-only");
      require(${JSON.stringify(join(__dirname, "namespace"))}).makeNamespace().then(({ name }) => {
        require("node:child_process").spawn("ip", ["netns", "exec", name, "sleep", "60"], { detached: true });
        console.log(name);
        setInterval(() => undefined, 1000);
      });`;
    const maker = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(maker.stdout, "data")) as [Buffer];
    const path = join(netnsFolder, line.toString().trim());
    assert.ok(existsSync(path));
    maker.kill("SIGKILL");
    await waitUntil("the namespace is gone", () => !existsSync(path));
  });
});
