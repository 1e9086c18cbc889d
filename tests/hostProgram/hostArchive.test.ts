import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostArchive, readHostSources } from "../../provider/hostProgram/hostArchive";
import { temporaryFolder } from "../support/temporaryFolder";

const folder = join(__dirname, "..", "..", "provider", "hostProgram", "fc_host");
const topics = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith("__"))
  .map(({ name }) => name);

/** Programs of their own, which are not imported. */
const programs = ["fc_host.vm.keeper"];

describe("hostArchive", () => {
  for (const topic of topics) {
    it(`holds all that the operations on ${topic} import`, async () => {
      const own = Object.keys(readHostSources(topic))
        .filter((name) => name.startsWith(`fc_host/${topic}/`) && !name.endsWith("__init__.py"))
        .map((name) => name.replace(/\.py$/, "").replaceAll("/", "."))
        .filter((name) => !programs.includes(name));
      assert.ok(own.length > 0);
      const temporary = await temporaryFolder();
      try {
        const archive = join(temporary.path, "archive.zip");
        writeFileSync(archive, hostArchive(`${topic}.anything`));
        const program = [
          "import importlib, sys",
          "sys.path.insert(0, sys.argv[1])",
          "for name in sys.argv[2:]: importlib.import_module(name)",
        ];
        execFileSync("python3", ["-IS", "-c", program.join("\n"), archive, ...own], { timeout: 30_000 });
      } finally {
        await temporary.remove();
      }
    });
  }

  it("leaves out what an operation does not use", () => {
    const names = Object.keys(readHostSources("network"));
    assert.ok(names.includes("fc_host/loader.py") && names.includes("task_server/refusal.py"));
    assert.ok(!names.some((name) => name.startsWith("fc_host/rootfs/")));
    assert.ok(hostArchive("network.ensure").length < hostArchive().length / 2);
  });

  it("takes the topics along that a topic uses", () => {
    assert.ok(Object.keys(readHostSources("snapshot")).includes("fc_host/vm/place.py"));
  });
});
