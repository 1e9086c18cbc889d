import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privateKeyNeedles, sampleProcesses, scanFiles, scanText, tokenNeedle } from "./secretScan";
import { makeKey } from "./sshd";

const token = "sk-ant-of-the-scan";
const needles = [tokenNeedle(token)];

describe("The search for secrets", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fc-scan-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("finds a secret in arguments and environments, but not in the program's own configuration", async () => {
    const children = [
      spawn("sleep", ["30"], { argv0: `sleep ${token}` }),
      spawn("sleep", ["30"], { env: { LEAK: token } }),
      spawn("sleep", ["30"], { env: { PULUMI_CONFIG: `{"claudeToken":"${token}"}` } }),
    ];
    try {
      const sampler = sampleProcesses({ needles });
      await sampler.looked;
      const { findings } = await sampler.stop();
      const [inArguments, inEnvironment] = children;
      assert.deepEqual(findings.sort(), [
        `the token in cmdline of process ${inArguments?.pid ?? 0} (sleep)`,
        `the token in environ of process ${inEnvironment?.pid ?? 0} (sleep)`,
      ]);
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
  });

  it("finds a secret in a file, and leaves out what it is told to", () => {
    mkdirSync(join(folder, "deep"));
    writeFileSync(join(folder, "deep", "log"), `before ${token} after`);
    assert.deepEqual(scanFiles(needles, [folder]), [`the token in ${join(folder, "deep", "log")}`]);
    assert.deepEqual(scanFiles(needles, [folder], { except: [join(folder, "deep")] }), []);
    assert.deepEqual(scanFiles(needles, [folder], { since: Date.now() + 60_000 }), []);
  });

  it("finds a private key by what no other key has in common with it", () => {
    const [one, other] = ["one", "other"].map((name) => makeKey(join(folder, name)).privateKey);
    const found = scanText(
      privateKeyNeedles(one ?? ""),
      "the output",
      `${JSON.stringify(one)} ${String(one)}`,
    );
    assert.ok(found.length > 0 && found.every((finding) => finding === "the private key in the output"));
    assert.deepEqual(scanText(privateKeyNeedles(one ?? ""), "the output", other ?? ""), []);
  });
});
