import assert from "node:assert/strict";
import { runJob } from "./runJob";

describe("set-up", () => {
  it("says nothing and does nothing when everything is there", async () => {
    // npm test has just set all of it up.
    for (const [module, job] of [
      ["setup/ensureNodeModules.mjs", "ensureNodeModules"],
      ["setup/ensureDebianPackages.mjs", "ensureDebianPackages"],
      ["setup/ensurePulumi.mjs", "ensurePulumi"],
    ] as const) {
      const startedAt = performance.now();
      const { output } = await runJob(module, job);
      assert.equal(output, "", job);
      assert.ok(performance.now() - startedAt < 1_000, `${job} is slow`);
    }
  });
});

describe("hasLockedPackages", () => {
  const locked = {
    packages: {
      "": {},
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b": { version: "2.0.0", optional: true },
    },
  };
  const load = () => import("../../scripts/setup/ensureNodeModules.mjs");

  it("accepts what is locked, and that an optional package is not for this system", async () => {
    const { hasLockedPackages } = await load();
    assert.ok(hasLockedPackages(locked, { packages: { "node_modules/a": { version: "1.0.0" } } }));
  });

  it("refuses another version, and a missing package", async () => {
    const { hasLockedPackages } = await load();
    assert.ok(!hasLockedPackages(locked, { packages: { "node_modules/a": { version: "1.0.1" } } }));
    assert.ok(!hasLockedPackages(locked, { packages: {} }));
  });
});
