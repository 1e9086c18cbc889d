import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { zipFiles } from "../../provider/taskServer/zipFiles";
import { temporaryFolder } from "../support/temporaryFolder";

/** Python's own reader checks every header and every checksum. */
const program =
  "import base64, json, sys, zipfile\n" +
  "archive = zipfile.ZipFile(sys.argv[1])\n" +
  "assert archive.testzip() is None\n" +
  "print(json.dumps({name: base64.b64encode(archive.read(name)).decode() for name in archive.namelist()}))\n";

describe("zipFiles", () => {
  it("makes archives that Python reads byte for byte, whatever the names and contents are", async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, "archive.zip");
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
      .map((text) => `f/${text.replaceAll("\0", "0")}`);
    const content = fc.uint8Array({ maxLength: 3000 });
    try {
      fc.assert(
        fc.property(
          fc.dictionary(name, content, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
          (files) => {
            writeFileSync(path, zipFiles(files));
            const read = JSON.parse(
              execFileSync("python3", ["-c", program, path], { encoding: "utf8" }),
            ) as object;
            const expected = Object.fromEntries(
              Object.entries(files).map(([key, bytes]) => [key, Buffer.from(bytes).toString("base64")]),
            );
            assert.deepEqual(read, expected);
          },
        ),
        { numRuns: 8 },
      );
    } finally {
      await folder.remove();
    }
  });

  it("makes the same bytes of the same files", () => {
    const files = { a: Buffer.from("text"), b: Buffer.alloc(1000) };
    assert.deepEqual(zipFiles(files), zipFiles(files));
  });
});
