import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { withSeed } from "../support/faults/seededRandom";
import { Canary, hostileText, hostileTexts } from "../support/hostile/hostileText";
import { useRealPath, type Failure } from "../support/hostile/realPath";
import { boundMs } from "../support/hostile/soak";

const maxPromptBytes = 1024 * 1024;

describe("Hostile values from the stack, on the real path to the guest", () => {
  const path = useRealPath();
  const canary = new Canary();

  after(() => {
    canary.remove();
  });

  afterEach("nothing of a value was run by a shell", () => {
    assert.deepEqual(canary.list(), []);
  });

  function assertNames(failures: readonly Failure[], property: string): void {
    assert.deepEqual([...new Set(failures.map((failure) => failure.property))], [property]);
    for (const { reason } of failures) {
      assert.ok(reason.includes(`\`${property}\``), reason);
      assert.doesNotMatch(reason, /\p{Cc}/u, "a message that writes to the terminal");
    }
  }

  const check = async (
    runs: number,
    property: (text: string) => Promise<void>,
    arbitrary = hostileText(canary),
  ): Promise<void> =>
    withSeed(async (seed) => {
      await fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: runs, seed });
    });

  /** What the documentation promises of prompts, said another way than the schema says it. */
  const isPrompt = (text: string): boolean =>
    text.trim() !== "" &&
    !text.includes("\0") &&
    text.isWellFormed() &&
    Buffer.byteLength(text) <= maxPromptBytes;

  async function sendPrompt(prompt: string, own: Record<string, unknown> = {}): Promise<void> {
    const arrival = await path().send({ task: { prompt }, ...own });
    assert.equal("given" in arrival, isPrompt(prompt));
    if ("given" in arrival) {
      assert.equal(arrival.given.prompt, prompt);
      assert.equal(arrival.given.token, path().token);
    } else assertNames(arrival.failures, "task.prompt");
  }

  it("any of 300 prompts reaches the guest byte for byte, or is refused by name", async function () {
    this.timeout(boundMs(60_000));
    await check(300, (prompt) => sendPrompt(prompt));
  });

  it("each prompt that a shell, a terminal or a database could take for more than a text does so, too", async function () {
    this.timeout(60_000);
    for (const prompt of hostileTexts(canary)) await sendPrompt(prompt);
  });

  it("a prompt of 1 MiB reaches the guest, of one byte more does not, whatever its characters", async function () {
    this.timeout(60_000);
    for (const unit of ["x", "\u00e9", "\u{1f600}", "\n", "'", "\\", "\u0001"]) {
      const longest = unit
        .repeat(maxPromptBytes / Buffer.byteLength(unit))
        .replace(/^./su, "x".repeat(Buffer.byteLength(unit)));
      await sendPrompt(longest);
      await sendPrompt(`${longest}x`);
    }
  });

  it("any gitRepoUrl and any model reaches the guest byte for byte, or is refused by name", async function () {
    this.timeout(boundMs(60_000));
    const text = hostileText(canary);
    const tight = text.map((part) => `https://h/${part.replaceAll(/[\s\p{Cc}]/gu, "")}`);
    const word = fc.string({ unit: fc.constantFrom(...Array.from("aZ09._-:/@[]$;")), minLength: 1 });
    const values = fc.oneof(
      fc.record({ gitRepoUrl: fc.oneof(text, tight, tight) }),
      fc.record({ model: fc.oneof(text, word, word) }),
    );
    let arrived = 0;
    await withSeed(async (seed) => {
      const property = fc.asyncProperty(values, async (options) => {
        const [name, value] = Object.entries(options)[0] ?? ["", ""];
        const arrival = await path().send({ task: { prompt: "p", ...options } });
        if ("given" in arrival) {
          assert.equal(arrival.given[name], value);
          arrived += 1;
        } else assertNames(arrival.failures, `task.${name}`);
      });
      await fc.assert(property, { numRuns: 200, seed });
    });
    assert.ok(arrived > 30, `${arrived} arrived`);
  });

  it("any token reaches the guest byte for byte, or is refused by name and not shown", async function () {
    this.timeout(60_000);
    const text = hostileText(canary);
    const tokens = fc.oneof(
      text,
      text.map((part) => `sk-ant${part}`),
      fc.string().map((part) => `sk-ant-${part.trim()}x`),
    );
    await check(
      60,
      async (oauthToken) => {
        const failures = await path().changeServer({ oauthToken });
        if (failures.length > 0) {
          assertNames(failures, "oauthToken");
          if (oauthToken.length > 8) assert.ok(!JSON.stringify(failures).includes(oauthToken));
          return;
        }
        path().token = oauthToken;
        await sendPrompt("which token");
      },
      tokens,
    );
  });

  it("any triggers, and any name of project, stack and resource, do no harm on their way", async function () {
    this.timeout(60_000);
    await check(60, async (text) => {
      await sendPrompt("p", { triggers: [text, { [text]: [text] }], stableKey: `k/${text.toWellFormed()}` });
    });
  });

  it("a result is written to the local file that was named, however its name looks to a shell", async function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "fc-results-"));
    try {
      for (const text of hostileTexts(canary)) {
        const name = text.replaceAll("/", ":");
        const isName =
          name.trim() !== "" && !name.includes("\0") && name.isWellFormed() && ![".", ".."].includes(name);
        if (!isName || Buffer.byteLength(name) > 200) continue;
        await sendPrompt("p", { resultPath: join(folder, `r${name}`) });
        assert.equal(readFileSync(join(folder, `r${name}`), "utf8"), "ok");
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
