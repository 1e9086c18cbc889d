import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { skipBecause } from "../skipBecause";

const run = promisify(execFile);

const caseSchema = z.object({
  name: z.string(),
  fault: z.string().nullable(),
  skipped: z.string().optional(),
});
type Case = z.infer<typeof caseSchema>;

const sources = resolve(__dirname, "../../../provider/taskServer");
const runner = join(__dirname, "run_cases.py");
const timeoutMs = 60_000;

/**
 * Runs a file of Python unittest cases, in the way in which the task server itself is run, and reports each case as a
 * test of its own. The first line of a case's docstring is its title.
 */
export function describePython(title: string, path: string): void {
  describe(title, () => {
    const cases = new Map<string, Case>();

    before(async function () {
      this.timeout(timeoutMs);
      const { stdout } = await run("python3", ["-BIS", runner, sources, path], { timeout: timeoutMs });
      for (const line of stdout.split("\n").filter(Boolean)) {
        const found = caseSchema.parse(JSON.parse(line));
        cases.set(found.name, found);
      }
    });

    for (const { name, sentence } of readCases(path)) {
      it(sentence, function () {
        const found = cases.get(name);
        assert.ok(found !== undefined, `${name} did not run`);
        skipBecause(this, found.skipped);
        assert.ok(found.fault === null, found.fault ?? "");
      });
    }
  });
}

/** The cases have to be known before they run: mocha collects its tests while it loads the files. */
function readCases(path: string): { name: string; sentence: string }[] {
  const pattern = /^ {4}(?:async )?def (test_\w+)\(self\).*:\n\s+"""([^\n"]+)/gm;
  const text = readFileSync(path, "utf8");
  const cases = [...text.matchAll(pattern)].map(([, name = "", sentence = ""]) => ({ name, sentence }));
  assert.equal(cases.length, text.match(/def test_/g)?.length, `${path}: a case has no docstring`);
  return cases;
}
