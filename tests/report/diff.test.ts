import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { diffLines } from "../../provider/report/diff/diffLines";
import { diffOfCall } from "../../provider/report/diff/diffOfCall";
import { countRows, type DiffRow } from "../../provider/report/diff/fileDiff";
import { parsePatch } from "../../provider/report/diff/parsePatch";
import type { ToolCall } from "../../provider/report/read/run";

const lines = fc.array(fc.constantFrom("a", "b", "c", "", "-- x", "++ y"), { maxLength: 12 });

function textOf(rows: readonly DiffRow[], left: DiffRow["sign"]): string[] {
  return rows.filter(({ sign }) => sign !== left).map(({ text }) => text);
}

function callOf(name: string, input: unknown, details?: unknown): ToolCall {
  const result = { text: { head: "", tail: "", omittedBytes: 0 }, isError: false, returnedAtMs: undefined };
  return { kind: "tool", id: "t", name, input, calledAtMs: undefined, result: { ...result, details } };
}

describe("diffLines", () => {
  it("gives both texts back, and as few changes as there can be", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const rows = diffLines(
          before.map((line) => `${line}\n`).join(""),
          after.map((line) => `${line}\n`).join(""),
        );
        assert.deepEqual(textOf(rows, "+"), before);
        assert.deepEqual(textOf(rows, "-"), after);
      }),
    );
    assert.deepEqual(diffLines("a\nb\nc", "a\nx\nc"), [
      { sign: " ", text: "a" },
      { sign: "-", text: "b" },
      { sign: "+", text: "x" },
      { sign: " ", text: "c" },
    ]);
  });

  it("shows texts that are too large to compare as removed and added whole", () => {
    const numbers = (start: number): string =>
      Array.from({ length: 1500 }, (_, index) => start + index).join("\n");
    const rows = diffLines(numbers(0), numbers(5000));
    assert.equal(rows.length, 3000);
  });
});

describe("diffOfCall", () => {
  it("reads Edit, MultiEdit and Write, and nothing else", () => {
    const edit = { old_string: "a", new_string: "b" };
    assert.equal(diffOfCall(callOf("Edit", { file_path: "f", ...edit }))?.hunks.length, 1);
    const many = diffOfCall(callOf("MultiEdit", { file_path: "f", edits: [edit, edit] }));
    assert.deepEqual(
      many?.hunks.map(({ heading }) => heading),
      ["Edit 1 of 2", "Edit 2 of 2"],
    );
    const write = diffOfCall(callOf("Write", { file_path: "f", content: "a\nb\n" }));
    assert.deepEqual([write && countRows(write, "+"), write?.remark], [2, "written whole"]);
    for (const input of [undefined, null, "x", {}, { file_path: "f", old_string: 3 }]) {
      assert.equal(diffOfCall(callOf("Edit", input)), undefined);
    }
    assert.equal(diffOfCall(callOf("constructor", { file_path: "f", ...edit })), undefined);
  });

  it("prefers what the tool reports, which has the place in the file", () => {
    const structuredPatch = [
      { oldStart: 7, oldLines: 1, newStart: 7, newLines: 2, lines: [" x", "+y", "\\ No newline"] },
    ];
    const diff = diffOfCall(callOf("Write", { file_path: "f", content: "x\ny" }, { structuredPatch }));
    assert.deepEqual(diff, {
      path: "f",
      remark: undefined,
      hunks: [
        {
          heading: "@@ -7,1 +7,2 @@",
          rows: [
            { sign: " ", text: "x" },
            { sign: "+", text: "y" },
          ],
        },
      ],
    });
  });
});

describe("parsePatch", () => {
  it("reads files, hunks and remarks of `git diff`", () => {
    const patch = readFileSync(join(__dirname, "../fixtures/transcripts/fixes-limiter.patch"), "utf8");
    const files = parsePatch(patch);
    assert.deepEqual(
      files.map((file) => [file.path, file.remark, countRows(file, "+"), countRows(file, "-")]),
      [
        ["CHANGELOG.md", "new file", 6, 0],
        ["docs/limiter.png", "new file, binary", 0, 0],
        ["src/limiter.ts", undefined, 11, 9],
      ],
    );
  });

  it("does not take a removed line of dashes for the next file", () => {
    const patch =
      "--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1 @@\n--- a\n-++ b\n+c\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-1\n+2\n";
    assert.deepEqual(
      parsePatch(patch).map((file) => [file.path, countRows(file, "-"), countRows(file, "+")]),
      [
        ["x.sql", 2, 1],
        ["y", 1, 1],
      ],
    );
  });

  it("reads what the real git prints for any two texts", () => {
    const folder = mkdtempSync(join(tmpdir(), "fc-patch-"));
    try {
      fc.assert(
        fc.property(lines, lines, (before, after) => {
          fc.pre(before.join("\n") !== after.join("\n"));
          writeFileSync(join(folder, "a"), before.join("\n"));
          writeFileSync(join(folder, "b"), after.join("\n"));
          const patch = gitDiff(folder);
          const [file, ...others] = parsePatch(patch);
          assert.deepEqual(others, []);
          const rows = file?.hunks.flatMap((hunk) => hunk.rows) ?? [];
          assert.deepEqual(textOf(rows, "+"), contentLines(before));
          assert.deepEqual(textOf(rows, "-"), contentLines(after));
        }),
        { numRuns: 40 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("finds nothing in a text that is no patch", () => {
    assert.deepEqual(parsePatch(""), []);
    assert.deepEqual(parsePatch("hello\n@@ -1 +1 @@\n-a\n+b"), []);
  });
});

function contentLines(texts: readonly string[]): string[] {
  const text = texts.join("\n");
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function gitDiff(folder: string): string {
  try {
    execFileSync("git", ["diff", "--no-index", "--unified=99", "a", "b"], { cwd: folder });
    return "";
  } catch (error) {
    // The exit code is 1 where there is a difference.
    return String((error as { stdout: Buffer }).stdout);
  }
}
