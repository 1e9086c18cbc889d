import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { findFirecracker } from "../support/firecracker/findFirecracker";
import { findDeploymentObstacle } from "../support/deployment";
import { repositoryFolder } from "../support/findPulumi";
import { netnsFolder, stateRoot } from "../support/namespace";
import { startCommand, type RunningCommand } from "../support/runCommand";
import { skipBecause } from "../support/skipBecause";
import { findImage } from "../support/vm/findImage";
import { waitUntil } from "../support/waitUntil";

describe("The demo, end to end", function () {
  this.timeout(180_000);
  let output = "";

  before(function () {
    skipBecause(this, findDeploymentObstacle());
  });

  /** Without the variables that would send it to somebody's own host. */
  function startDemo(script = "scripts/demo.ts"): RunningCommand {
    output = "";
    const own = /^(FC_|CLAUDE_CODE_)/;
    return startCommand(process.execPath, ["--require", "ts-node/register/transpile-only", script], {
      cwd: repositoryFolder,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name))),
      timeoutMs: 150_000,
      onOutput: (chunk) => (output += chunk),
    });
  }

  /** What bears the name of a namespace that the demo has made. */
  function listLeftovers(pid: number): string[] {
    return [netnsFolder, stateRoot]
      .filter(existsSync)
      .flatMap((folder) => readdirSync(folder))
      .filter((name) => name.includes(`fct-${pid}-`));
  }

  it("shows the agent's result, finds all as expected, and leaves nothing behind", async () => {
    const demo = startDemo();
    const { exitCode } = await demo.result;
    assert.equal(exitCode, 0, output);
    assert.match(output, /agent {2}a stand-in/);
    assert.match(
      output,
      /result: "The stand-in agent was asked: Explain in one sentence what a microVM is\."/,
    );
    assert.match(output, /guest {2}a (virtual machine \(QEMU|process)/);
    assert.match(output, /\n {4}summary: turn \d+: Edit README, \d+ s\n/);
    assert.match(output, /cost: \$0\.0125/);
    assert.match(output, /\n *\+A line that the agent has written\.\n/);
    assert.match(output, /✓ the server is the same process, pid \d+/);
    assert.match(output, /The demo did all of it in [\d.]+ s, and left nothing behind\./);
    assert.match(output, /The first run: boot [\d.]+ s, pick-up [\d.]+ s, .*patch and return [\d.]+ s\./);
    assert.doesNotMatch(output, /✗/);
    assert.deepEqual(listLeftovers(demo.pid), []);
  });

  it("goes from a bare host to three results at once, and back, with --component", async function () {
    const [programs, image] = [await findFirecracker(), await findImage()];
    for (const found of [programs, image]) if ("obstacle" in found) skipBecause(this, found.obstacle);
    const { exitCode } = await startDemo("scripts/componentDemo.ts").result;
    assert.equal(exitCode, 0, output);
    assert.match(output, /baked: the guest booted in [\d.]+ s; its snapshot takes \d+ MiB/);
    for (const number of [1, 2, 3]) {
      const line = `question-${number}: "The stand-in agent was asked: .*" \\(restored and asking after [\\d.]+ s`;
      assert.match(output, new RegExp(line));
    }
    assert.match(output, /✓ all three clones had one address/);
    assert.match(output, /✓ no microVM and no task server runs any more/);
    for (const kind of ["links", "namespaces", "routes", "rules", "processes", "files"]) {
      assert.match(output, new RegExp(`✓ ${kind} as before`));
    }
    assert.match(output, /The demo did all of it in [\d.]+ s, and left nothing behind\./);
    assert.doesNotMatch(output, /✗/);
  });

  it("cleans up and ends with 130 when it is interrupted", async () => {
    const demo = startDemo();
    await waitUntil("it deploys", () => output.includes("▸ pulumi up: deploy"), 60_000);
    await waitUntil("the server's folder is there", () => listLeftovers(demo.pid).length > 2, 60_000);
    demo.signalGroup("SIGINT");
    const { exitCode } = await demo.result;
    assert.equal(exitCode, 130, output);
    assert.match(output, /Interrupted: everything that the demo had made is removed\./);
    assert.deepEqual(listLeftovers(demo.pid), []);
  });
});
