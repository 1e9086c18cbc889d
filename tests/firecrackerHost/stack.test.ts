import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPulumiObstacle } from "../support/findPulumi";
import { type OperationResult, PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { findSshdObstacle, startSshd, type Sshd } from "../support/sshd";
import { Secret } from "../support/stackConfig";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { findRootObstacle } from "./firecrackerOnHost";
import { architecture, elfHead, sayVersion } from "./makeRelease";

function assertSucceeded(result: OperationResult): void {
  assert.equal(result.exitCode, 0, result.text);
}

/* One stack: each test goes on where the one before has ended. */
describe("A stack with a FirecrackerHost", function () {
  this.timeout(120_000);
  let sshd: Sshd;
  let stack: PulumiStack;
  let folder: TemporaryFolder;
  let programs: { firecracker: string; jailer: string };
  let kernel: string;

  before(async function () {
    skipBecause(this, findPulumiObstacle() ?? findSshdObstacle() ?? findRootObstacle());
    folder = await temporaryFolder();
    programs = { firecracker: join(folder.path, "firecracker"), jailer: join(folder.path, "jailer") };
    kernel = join(folder.path, "vmlinux");
    writeFileSync(programs.firecracker, sayVersion("Firecracker"));
    writeFileSync(programs.jailer, sayVersion("Jailer"));
    writeFileSync(kernel, elfHead(architecture === "x86_64" ? 62 : 183, 8192));
    sshd = await startSshd();
    stack = await PulumiStack.create({ project: join(__dirname, "program") });
    const { privateKey, ...connection } = sshd.connection();
    await stack.configure({ privateKey: new Secret(privateKey), connection });
    await declare({});
  });
  after(async () => {
    await (stack as PulumiStack | undefined)?.destroy();
    (stack as PulumiStack | undefined)?.remove();
    await (sshd as Sshd | undefined)?.stop();
    await (folder as TemporaryFolder | undefined)?.remove();
  });

  const declare = (overrides: object): Promise<void> =>
    stack.configure({ firecracker: { source: programs, requireKvm: false, ...overrides } });

  it("is previewed without reaching the host", async () => {
    const result = await stack.preview();
    assertSucceeded(result);
    assert.deepEqual([result.changes, sshd.countConnections()], [{ create: 1 }, 0]);
  });

  it("fails its preview, without reaching the host, when a local file is missing", async () => {
    await declare({ kernel: { file: "no-such-vmlinux" } });
    const result = await stack.preview();
    assert.notEqual(result.exitCode, 0);
    assert.match(
      result.text,
      /Could not use the local file no-such-vmlinux: ENOENT.*Correct `kernel\.file`/s,
    );
    assert.equal(sshd.countConnections(), 0);
    await declare({});
  });

  it("installs what it declares, and changes nothing when it is run again", async () => {
    assertSucceeded(await stack.up());
    const { firecrackerPath, jailerPath, status, warnings, kernelPath } = await stack.outputs();
    assert.equal(status, "ready");
    assert.ok(existsSync(String(firecrackerPath)) && existsSync(String(jailerPath)));
    assert.ok(Array.isArray(warnings) && kernelPath === undefined);
    const again = await stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.changes, { same: 1 });
  });

  it("gets a kernel by an update", async () => {
    await declare({ kernel: { file: kernel } });
    const result = await stack.up();
    assertSucceeded(result);
    assert.deepEqual(result.changes, { update: 1 });
    const { kernelPath } = await stack.outputs();
    assert.deepEqual(readFileSync(String(kernelPath)), readFileSync(kernel));
  });

  it("notices in a preview that a local file has another content", async () => {
    const { firecrackerPath } = await stack.outputs();
    writeFileSync(programs.firecracker, sayVersion("Firecracker"));
    assert.deepEqual((await stack.preview()).changes, { update: 1 });
    assertSucceeded(await stack.up());
    const outputs = await stack.outputs();
    assert.notEqual(outputs.firecrackerPath, firecrackerPath);
    assert.ok(!existsSync(String(firecrackerPath)));
    assert.equal(
      readFileSync(String(outputs.firecrackerPath), "utf8"),
      readFileSync(programs.firecracker, "utf8"),
    );
  });

  it("shows no change in a refresh of what is as it was", async () => {
    const result = await stack.refresh();
    assertSucceeded(result);
    assert.doesNotMatch(result.text, /updated/);
    assert.deepEqual((await stack.preview()).changes, { same: 1 });
  });

  it("mends a file that a refresh has seen to be gone", async () => {
    const path = String((await stack.outputs()).firecrackerPath);
    rmSync(path);
    assertSucceeded(await stack.refresh());
    assert.equal(stack.exportState().get("firecracker").outputs.status, "damaged");
    const result = await stack.up();
    assertSucceeded(result);
    assert.deepEqual([result.changes, existsSync(path)], [{ update: 1 }, true]);
  });

  it("keeps the connection's key secret", () => {
    const { inputs, outputs } = stack.exportState().get("firecracker");
    for (const values of [inputs, outputs]) {
      assert.ok(!JSON.stringify(values).includes("PRIVATE KEY"));
    }
  });

  it("leaves nothing when it is destroyed", async () => {
    const { firecrackerPath, kernelPath } = await stack.outputs();
    assertSucceeded(await stack.destroy());
    for (const path of [firecrackerPath, kernelPath]) assert.ok(!existsSync(dirname(String(path))));
  });
});
