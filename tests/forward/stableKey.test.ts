import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { stableKeyOf } from "../../provider/forward/stableKey";

describe("stableKeyOf", () => {
  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => ({ id: name, state: inputs as Record<string, unknown> }),
        call: ({ inputs }) => inputs as Record<string, unknown>,
      },
      "project",
      "stack",
      false,
      "organization",
    );
  });

  it("names organization, project, stack, type and name", async () => {
    assert.equal(await stableKeyOf("AgentRun", "summary"), "organization/project/stack/AgentRun/summary");
  });

  it("tells children of one name under different parents apart", async () => {
    const keys = await Promise.all(
      ["a", "b"].map((name) =>
        stableKeyOf("AgentRun", "summary", { parent: new pulumi.ComponentResource("test:index:Team", name) }),
      ),
    );
    assert.equal(new Set(keys).size, 2);
    for (const key of keys)
      assert.match(key, /^organization\/project\/stack\/AgentRun\/summary\/urn:pulumi:/);
  });
});
