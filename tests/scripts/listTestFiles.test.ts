import assert from "node:assert/strict";
import { join } from "node:path";

const projectFolder = join(__dirname, "..", "..");

describe("listTestFiles", () => {
  const load = () => import("../../scripts/jobs/listTestFiles.mjs");

  it("takes all test files when none is named", async () => {
    const { files, options } = (await load()).listTestFiles(["--bail"]);
    assert.ok(files.includes(__filename));
    assert.ok(files.every((file) => file.endsWith(".test.ts")));
    assert.deepEqual(options, ["--bail"]);
  });

  it("takes the test files of a folder", async () => {
    const { files } = (await load()).listTestFiles(["tests/scripts"]);
    assert.ok(files.includes(__filename));
    assert.ok(files.every((file) => file.startsWith(join(projectFolder, "tests", "scripts"))));
  });

  it("does not take an option's value for a file", async () => {
    const { files, options } = (await load()).listTestFiles([
      "--bail",
      "a.ts",
      "--grep",
      "tests",
      "-t=9",
      "b.ts",
    ]);
    assert.deepEqual(files, [join(projectFolder, "a.ts"), join(projectFolder, "b.ts")]);
    assert.deepEqual(options, ["--bail", "--grep", "tests", "-t=9"]);
  });
});
