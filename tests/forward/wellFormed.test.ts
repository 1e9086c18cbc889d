import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { wellFormed } from "../../provider/forward/wellFormed";

const lone = "fix \ud83d";
const whole = "fix \ud83d\udd27";

function read<T>(input: pulumi.Input<T>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (pulumi.Output.isInstance(input)) {
      // Not `apply`: a rejected output would end the process.
      (input as unknown as { promise(): Promise<unknown> }).promise().then(resolve, reject);
    } else resolve(input);
  });
}

describe("wellFormed", () => {
  it("returns what it gets, at any depth", async () => {
    const task = { prompt: whole, list: ["a", whole], count: 1, none: undefined };
    assert.deepEqual(wellFormed("task", task), task);
    assert.equal(await read(wellFormed("prompt", pulumi.output(whole))), whole);
  });

  it("refuses a lone surrogate and names its property", () => {
    assert.throws(
      () => wellFormed("task", { prompt: lone }),
      /^TypeError: Expected `task\.prompt` to be well-formed Unicode \(it has a lone surrogate\), got `fix /,
    );
  });

  it("refuses it also where it comes out of an output or a promise", async () => {
    await assert.rejects(
      read(wellFormed("prompt", pulumi.output(lone))),
      /Expected `prompt` to be well-formed/,
    );
    await assert.rejects(
      read(wellFormed("task", Promise.resolve({ prompt: lone }))),
      /Expected `task\.prompt` to be well-formed/,
    );
  });

  it("keeps a secret secret", async () => {
    const checked = wellFormed("prompt", pulumi.secret(whole));
    assert.ok(pulumi.Output.isInstance(checked));
    assert.equal(await pulumi.isSecret(pulumi.output(checked)), true);
  });
});
