import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSucceeded } from "../support/deployment";
import { OldStack } from "../support/faults/oldStack";
import { WorkingGuest } from "../support/faults/workingGuest";
import { findPulumiObstacle } from "../support/findPulumi";
import { PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { Secret } from "../support/stackConfig";
import { useSshd } from "../support/useSshd";

const program = join(__dirname, "..", "e2e", "programs", "declared");

describe("The state that an older version of the package has written, with the real CLI", () => {
  const sshd = useSshd();
  let old: OldStack;
  let stack: PulumiStack;

  before(async function () {
    this.timeout(120_000);
    skipBecause(this, findPulumiObstacle());
    skipBecause(this, process.getuid?.() === 0 ? undefined : "the folder of the fixture is root's");
    const { privateKey, ...connection } = sshd.main().connection();
    // A value of the configuration has no line break at its end.
    old = OldStack.restore({ ...connection, privateKey: privateKey.trimEnd() });
    await old.server.deploy();
    stack = await PulumiStack.create({ project: program });
    const file = join(stack.folder, "exported.json");
    writeFileSync(file, old.exportedState());
    await stack.runPlain(["stack", "import", "--stack", "test", "--file", file]);
    const { identity } = old.server;
    await stack.configure({
      connection,
      privateKey: new Secret(privateKey),
      claudeToken: new Secret(String(old.find("agent-1").inputs.oauthToken)),
      servers: { "agent-1": { ...identity, task: { prompt: "Summarise the README", effort: "low" } } },
      runs: {
        summary: { server: "agent-1" },
        long: {
          server: "agent-1",
          task: { prompt: "Write at length", model: "opus" },
          timeoutSeconds: 60,
        },
      },
    });
  });
  after(async () => {
    (stack as PulumiStack | undefined)?.remove();
    await (old as OldStack | undefined)?.server.stop({ remove: true });
  });

  it("shows no change, is refreshed and deployed without one, and no agent runs", async function () {
    this.timeout(120_000);
    const guest = new WorkingGuest(old.server, "127.0.0.2", () => Buffer.from("never wanted"));
    guest.start();
    try {
      for (const operation of ["preview", "refresh", "up"] as const) {
        const result = await stack[operation]();
        assertSucceeded(result);
        const made = Object.keys(result.changes).filter((kind) => !["same", "refresh"].includes(kind));
        assert.deepEqual(made, [], operation);
      }
      assert.deepEqual([...guest.runs], []);
    } finally {
      await guest.stop();
    }
  });

  it("is destroyed, and nothing is left", async function () {
    this.timeout(120_000);
    assertSucceeded(await stack.destroy());
    assert.equal((await old.server.host.exec(["ls", old.server.folder], { timeoutMs: 5000 })).exitCode, 2);
  });
});
