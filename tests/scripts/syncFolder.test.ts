import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("syncFolder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fc-sync-"));
    for (const path of ["from/inner", "to/inner"]) mkdirSync(join(folder, path), { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const sync = async (): Promise<string[]> => {
    const { syncFolder } = await import("../../scripts/jobs/syncFolder.mjs");
    const { listFiles } = await import("../../scripts/jobs/listFiles.mjs");
    syncFolder(join(folder, "from"), join(folder, "to"));
    return listFiles(join(folder, "to"));
  };

  it("adds, replaces and removes files", async () => {
    writeFileSync(join(folder, "from/inner/new.js"), "new");
    writeFileSync(join(folder, "from/changed.js"), "after");
    writeFileSync(join(folder, "to/changed.js"), "before");
    writeFileSync(join(folder, "to/inner/stale.js"), "stale");
    assert.deepEqual(await sync(), ["changed.js", "inner/new.js"]);
    assert.equal(readFileSync(join(folder, "to/changed.js"), "utf8"), "after");
  });

  it("leaves a file alone that is equal already", async () => {
    writeFileSync(join(folder, "from/same.js"), "same");
    writeFileSync(join(folder, "to/same.js"), "same");
    const { ino } = statSync(join(folder, "to/same.js"));
    await sync();
    assert.equal(statSync(join(folder, "to/same.js")).ino, ino);
  });
});
