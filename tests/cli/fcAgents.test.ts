import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../support/findPulumi";
import { type CommandResult, startCommand } from "../support/runCommand";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";

const fixtures = join(repositoryFolder, "tests", "fixtures", "transcripts");
const transcript = join(fixtures, "fixes-limiter.jsonl");
const patch = join(fixtures, "fixes-limiter.patch");

/** Runs the command's source, which needs no build. */
function run(args: readonly string[], stdin?: string): Promise<CommandResult> {
  const entry = join(repositoryFolder, "provider", "cli", "fcAgents.ts");
  return startCommand(process.execPath, ["-r", "ts-node/register/transpile-only", entry, ...args], {
    cwd: repositoryFolder,
    env: process.env,
    timeoutMs: 20_000,
    ...(stdin !== undefined && { stdin }),
  }).result;
}

describe("fc-agents", () => {
  let folder: TemporaryFolder;
  let page: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    page = join(folder.path, "run.html");
  });
  afterEach(() => folder.remove());

  it("writes one page for several transcripts and says nothing", async () => {
    const other = join(fixtures, "reaches-budget.jsonl");
    const result = await run(["report", transcript, other, "--patch", patch, "-o", page]);
    assert.deepEqual([result.exitCode, result.stdout, result.stderr], [0, "", ""]);
    const html = readFileSync(page, "utf8");
    for (const part of ["2 agent runs, $0.29", "reaches-budget.jsonl", "docs/limiter.png"]) {
      assert.ok(html.includes(part), part);
    }
  });

  it("reads standard input and writes to standard output", async () => {
    const { exitCode, stdout } = await run(["report", "-"], readFileSync(transcript, "utf8"));
    assert.equal(exitCode, 0);
    assert.ok(stdout.startsWith("<!doctype html>") && stdout.includes("standard input"));
    assert.ok(stdout.trimEnd().endsWith("</html>"));
  });

  it("shows how it is called", async () => {
    for (const args of [["--help"], ["report", "--help"], ["report", "-h", "x"]]) {
      const { exitCode, stdout } = await run(args);
      assert.equal(exitCode, 0);
      assert.match(stdout, /^Usage: fc-agents report TRANSCRIPT…/);
    }
  });

  it("makes a page of a file that is no transcript, and warns", async () => {
    const file = join(folder.path, "notes.txt");
    writeFileSync(file, "one\ntwo\n");
    const { exitCode, stderr } = await run(["report", file, "-o", page]);
    assert.deepEqual([exitCode, stderr], [0, "Warning: notes.txt holds no event of an agent (2 lines)\n"]);
    assert.ok(readFileSync(page, "utf8").includes("2 broken lines"));
  });

  const mistakes: readonly (readonly [readonly string[], string])[] = [
    [[], "Name a command: report or doctor"],
    [["repotr"], "There is no command 'repotr'; there are report and doctor"],
    [["report"], "Name at least one transcript, or - for standard input"],
    [["report", transcript, "--colour"], "Unknown option '--colour'"],
    [["report", transcript, "-o"], "Option '-o, --output <value>' argument missing"],
    [["report", transcript, "-o", ""], "Expected a file's name after --output"],
    [["report", "none.jsonl"], "Could not read none.jsonl: there is no such file"],
    [["report", transcript, "--patch", "none.patch"], "Could not read none.patch: there is no such file"],
    [["report", "tests"], "Could not read tests: EISDIR: illegal operation on a directory, read"],
    [["report", "-", "-"], "Standard input (-) can be read only once"],
    [["report", transcript, "--patch", patch, "--patch", patch], "There are 2 patches for 1 transcript(s)"],
    [["report", transcript, "-o", transcript], `The page would overwrite ${transcript}`],
  ];
  for (const [args, message] of mistakes) {
    const shown = args.map((arg) => arg.replace(`${fixtures}/`, "")).join(" ");
    it(`answers 'fc-agents ${shown}' with one clear error and exit code 2`, async () => {
      const { exitCode, stdout, stderr } = await run(args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.equal(stderr, `Error: ${message}\nSee fc-agents --help\n`);
    });
  }

  it("ends with exit code 1 where the page cannot be written, and leaves no part of one", async () => {
    const target = join(folder.path, "none", "run.html");
    const { exitCode, stderr } = await run(["report", transcript, "-o", target]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Error: Could not write .*run\.html: /);
    assert.ok(!existsSync(target));
  });

  it("is what the package offers as a command, ready to be run", () => {
    const packageJson: unknown = JSON.parse(readFileSync(join(repositoryFolder, "package.json"), "utf8"));
    assert.ok(typeof packageJson === "object" && packageJson !== null && "bin" in packageJson);
    assert.deepEqual(packageJson.bin, { "fc-agents": "./dist/provider/cli/fcAgents.js" });
    const source = readFileSync(join(repositoryFolder, "provider", "cli", "fcAgents.ts"), "utf8");
    assert.ok(source.startsWith("#!/usr/bin/env node\n"));
  });
});
