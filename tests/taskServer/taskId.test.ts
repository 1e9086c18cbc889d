import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveTaskId, type TaskIdParts } from "../../provider/taskServer/taskId";

const parts: TaskIdParts = {
  stableKey: "org/project/stack/AgentRun/summary",
  server: { tapIp: "172.16.0.1", tapPort: 8080, netns: "fc-1" },
  task: { prompt: "p", effort: "low" },
  triggers: [1, { a: 1, b: 2 }],
  previousTaskId: undefined,
};

describe("deriveTaskId", () => {
  it("is the same for the same wish, in whatever order its fields stand", () => {
    const other = {
      ...parts,
      task: { effort: "low", prompt: "p", model: undefined },
      triggers: [1, { b: 2, a: 1 }],
    };
    assert.equal(deriveTaskId(parts), deriveTaskId(other));
    assert.match(deriveTaskId(parts), /^[0-9a-f]{32}$/);
  });

  it("differs when the resource, the server, the task, the triggers or the previous id differ", () => {
    const variants: TaskIdParts[] = [
      { ...parts, stableKey: "other" },
      { ...parts, server: { ...parts.server, tapPort: 8081 } },
      { ...parts, server: { ...parts.server, netns: undefined } },
      { ...parts, task: { ...parts.task, prompt: "q" } },
      { ...parts, triggers: [2] },
      { ...parts, previousTaskId: deriveTaskId(parts) },
    ];
    assert.equal(new Set([parts, ...variants].map(deriveTaskId)).size, variants.length + 1);
  });

  it("never gives two different prompts one id", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const idOf = (prompt: string): string => deriveTaskId({ ...parts, task: { prompt } });
        assert.equal(idOf(a) === idOf(b), a === b);
      }),
    );
  });
});
