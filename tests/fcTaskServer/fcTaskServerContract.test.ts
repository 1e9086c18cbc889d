import assert from "node:assert/strict";
import { fcTaskServerLifecycle } from "../../provider/fcTaskServer/fcTaskServerLifecycle";
import { maxPromptBytes } from "../../provider/fcTaskServer/taskSchema";
import { unknownValue } from "../../provider/validation/unknownValue";
import { serverInputs } from "./fcTaskServerInputs";

type Checked = { inputs: Record<string, unknown>; failures: { property: string; reason: string }[] };

async function check(inputs: Record<string, unknown>, olds: Record<string, unknown> = {}): Promise<Checked> {
  return (await fcTaskServerLifecycle.check(olds, inputs)) as Checked;
}

async function failuresOf(overrides: Record<string, unknown>): Promise<Checked["failures"]> {
  return (await check(serverInputs(overrides))).failures;
}

const withTask = (task: Record<string, unknown>) => ({ task: { prompt: "p", ...task } });

describe("the check of FcTaskServer", () => {
  it("fills in the defaults", async () => {
    const { inputs, failures } = await check(serverInputs());
    assert.deepEqual(failures, []);
    const {
      tapIp,
      tapPort,
      running,
      maxResultBytes,
      resultRetentionHours,
      deleteUnreachable,
      takeOver,
      task,
    } = inputs;
    assert.deepEqual(
      { tapIp, tapPort, running, maxResultBytes, resultRetentionHours, deleteUnreachable, takeOver, task },
      {
        tapIp: "172.16.0.1",
        tapPort: 8080,
        running: true,
        maxResultBytes: 67_108_864,
        resultRetentionHours: 168,
        deleteUnreachable: false,
        takeOver: false,
        task: { prompt: "Summarise the README", effort: "low", outputFormat: "text", maxAttempts: 1 },
      },
    );
  });

  const bad: [string, Record<string, unknown>, string, RegExp][] = [
    ["a port below 1024", { tapPort: 80 }, "tapPort", /whole number from 1024 to 65535, got `80` \(number\)/],
    ["a port above 65535", { tapPort: 65_536 }, "tapPort", /from 1024 to 65535, got `65536`/],
    ["a port that is no number", { tapPort: "8080" }, "tapPort", /got `8080` \(string\)/],
    [
      "a tapIp that is no address",
      { tapIp: "172.16.0.256" },
      "tapIp",
      /IPv4 address, such as 172\.16\.0\.1, got `172\.16\.0\.256`/,
    ],
    ["an IPv6 tapIp", { tapIp: "::1" }, "tapIp", /IPv4/],
    ["a netns with a slash", { netns: "a/b" }, "netns", /got `a\/b`/],
    ["a netns with a blank", { netns: "a b" }, "netns", /name of a network namespace/],
    ["a netns with shell characters", { netns: "$(id)" }, "netns", /got `\$\(id\)`/],
    ["a netns that is a folder's dot name", { netns: ".." }, "netns", /name of a network namespace/],
    ["a netns that starts with a dash", { netns: "-n" }, "netns", /name of a network namespace/],
    ["a netns longer than a file name", { netns: "n".repeat(256) }, "netns", /at most 255 characters/],
    ["an empty prompt", withTask({ prompt: " \n" }), "task.prompt", /not empty/],
    ["a prompt with NUL", withTask({ prompt: "a\0b" }), "task.prompt", /without NUL/],
    [
      "a gitRepoUrl over ssh",
      withTask({ gitRepoUrl: "git@example.com:r.git" }),
      "task.gitRepoUrl",
      /an https:\/\/ URL, got `git@example/,
    ],
    [
      "a gitRepoUrl over http",
      withTask({ gitRepoUrl: "http://example.com/r.git" }),
      "task.gitRepoUrl",
      /https:\/\/ URL \(plain http only to `tapIp` itself/,
    ],
    [
      "an unknown effort",
      withTask({ effort: "huge" }),
      "task.effort",
      /one of low, medium, high, xhigh, max, got `huge`/,
    ],
    [
      "an unknown outputFormat",
      withTask({ outputFormat: "xml" }),
      "task.outputFormat",
      /one of text, json, stream-json, got `xml`/,
    ],
    ["a model that looks like an option", withTask({ model: "--help" }), "task.model", /not starting with -/],
    ["a misspelt option of the task", withTask({ promtp: "x" }), "task", /known options only, got `promtp`/],
    ["attempts out of range", withTask({ maxAttempts: 0 }), "task.maxAttempts", /from 1 to 10/],
    ["a result limit that is negative", { maxResultBytes: -1 }, "maxResultBytes", /got `-1` \(number\)/],
    [
      "a retention out of range",
      { resultRetentionHours: 0 },
      "resultRetentionHours",
      /of hours from 1 to 8760/,
    ],
    ["running that is no boolean", { running: "yes" }, "running", /true, false or "on-demand", got `yes`/],
    [
      "a task of a server on demand",
      { running: "on-demand", task: { prompt: "p" } },
      "task",
      /no `task` with `running: "on-demand"`/,
    ],
    ["no connection", { connection: undefined }, "connection", /connection/],
  ];
  for (const [name, overrides, property, message] of bad) {
    it(`refuses ${name}`, async () => {
      const failures = await failuresOf(overrides);
      assert.deepEqual(
        failures.map((failure) => failure.property),
        [property],
      );
      assert.match(failures[0]?.reason ?? "", message);
    });
  }

  for (const host of ["", "null", "undefined", "<host>", "your-host", "CHANGEME"]) {
    it(`refuses the host '${host}'`, async () => {
      const failures = await failuresOf({ connection: { host, hostKey: serverHostKey } });
      assert.deepEqual(
        failures.map(({ property }) => property),
        ["connection.host"],
      );
    });
  }

  it("refuses a token without its prefix and shows none of it", async () => {
    const [failure] = await failuresOf({ oauthToken: "hunter2-secret" });
    assert.equal(failure?.property, "oauthToken");
    assert.match(failure.reason, /starts with `sk-ant`/);
    assert.doesNotMatch(failure.reason, /hunter2|secret-|-secret/);
  });

  it("refuses a prompt over 1 MiB by its size in bytes, and takes one of exactly 1 MiB", async () => {
    const [failure] = await failuresOf(withTask({ prompt: "é".repeat(maxPromptBytes / 2) + "x" }));
    assert.match(failure?.reason ?? "", /at most 1048576 bytes \(1 MiB\), got 1048577 bytes/);
    assert.deepEqual(await failuresOf(withTask({ prompt: "é".repeat(maxPromptBytes / 2) })), []);
  });

  it("refuses credentials in gitRepoUrl, says that they would be stored, and does not show them", async () => {
    const [failure] = await failuresOf(withTask({ gitRepoUrl: "https://me:hunter2@example.com/r.git" }));
    assert.match(failure?.reason ?? "", /stored in plain/);
    assert.doesNotMatch(failure?.reason ?? "", /hunter2/);
  });

  it("takes plain http to the host's own TAP address, for a mirror there", async () => {
    assert.deepEqual(await failuresOf(withTask({ gitRepoUrl: "http://172.16.0.1:3000/r.git" })), []);
  });

  it("reports everything at once", async () => {
    const failures = await failuresOf({
      tapPort: 1,
      tapIp: "x",
      oauthToken: "x",
      task: { prompt: "", effort: "x" },
    });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "oauthToken",
      "tapIp",
      "tapPort",
      "task.effort",
      "task.prompt",
    ]);
  });

  it("accepts every input as long as it is unknown", async () => {
    const unknown = Object.fromEntries(Object.keys(serverInputs()).map((key) => [key, unknownValue]));
    assert.deepEqual(await failuresOf({ ...unknown, tapPort: unknownValue, running: unknownValue }), []);
    assert.deepEqual(await failuresOf({ connection: { host: unknownValue, hostKey: unknownValue } }), []);
  });

  it("keeps the stable key of the first creation", async () => {
    const { inputs } = await check(serverInputs(), { stableKey: "first" });
    assert.equal(inputs.stableKey, "first");
  });
});

const serverHostKey = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
