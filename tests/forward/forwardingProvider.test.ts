import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../../provider/forward/forwardingProvider";
import type { LifecycleName } from "../../provider/forward/lifecycle";
import { temporaryFolder } from "../support/temporaryFolder";

async function serializedShim(resource: LifecycleName): Promise<string> {
  const provider = forwardingProvider(resource);
  const { text } = await pulumi.runtime.serializeFunction(() => provider, { allowSecrets: true });
  return text;
}

/** All that have a shim in some stack's state. */
const resources: readonly LifecycleName[] = [
  ...(["FcTaskServer", "AgentRun", "HostNetwork", "FirecrackerHost"] as const),
  ...(["GuestRootfs", "MicroVm", "Snapshot", "SnapshotBake"] as const),
];

describe("forwardingProvider", () => {
  for (const resource of resources) {
    it(`serializes for ${resource} to the very text that stands in existing stacks`, async () => {
      const fixture = join(__dirname, "..", "fixtures", `shim-${resource}.txt`);
      assert.equal(await serializedShim(resource), readFileSync(fixture, "utf8"));
    });
  }

  it("loads the package from the program's folder and calls the lifecycle there", async () => {
    const folder = await temporaryFolder();
    const previous = process.cwd();
    try {
      const installed = join(folder.path, "node_modules", "pulumi-fc-agents");
      mkdirSync(installed, { recursive: true });
      writeFileSync(
        join(installed, "package.json"),
        JSON.stringify({ exports: { "./provider": "./provider.js" } }),
      );
      writeFileSync(
        join(installed, "provider.js"),
        "module.exports = { AgentRun: { diff: (...args) => Promise.resolve({ changes: true, replaces: args }) } };",
      );
      process.chdir(folder.path);
      const answer = await forwardingProvider("AgentRun").diff?.("id", "olds", "news");
      assert.deepEqual(answer, { changes: true, replaces: ["id", "olds", "news"] });
    } finally {
      process.chdir(previous);
      await folder.remove();
    }
  });

  it("says what to install when the package is not there", async () => {
    const folder = await temporaryFolder();
    const previous = process.cwd();
    try {
      process.chdir(folder.path);
      assert.throws(
        () => forwardingProvider("AgentRun").diff?.("id", {}, {}),
        /npm install pulumi-fc-agents/,
      );
    } finally {
      process.chdir(previous);
      await folder.remove();
    }
  });
});
