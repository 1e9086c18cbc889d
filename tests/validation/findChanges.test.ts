import assert from "node:assert/strict";
import { findChanges } from "../../provider/validation/findChanges";

const table = { "connection.host": "replace", connection: "record", task: "sync" } as const;

describe("findChanges", () => {
  it("finds nothing between equal inputs, whether an absent option is left out or undefined", () => {
    const olds = { connection: { host: "a" }, task: { prompt: "p", model: undefined } };
    assert.deepEqual(
      findChanges(table, olds, { connection: { host: "a", port: undefined }, task: { prompt: "p" } }),
      [],
    );
  });

  it("counts a field with a row of its own for that row only", () => {
    const changes = findChanges(
      table,
      { connection: { host: "a", password: "x" } },
      { connection: { host: "b", password: "x" } },
    );
    assert.deepEqual(changes, [{ property: "connection.host", effect: "replace" }]);
  });

  it("counts every other field for the row of the property", () => {
    const changes = findChanges(
      table,
      { connection: { host: "a", password: "x" } },
      { connection: { host: "a", password: "y" } },
    );
    assert.deepEqual(changes, [{ property: "connection", effect: "record" }]);
  });

  it("counts a field deeper down with a row of its own for that row only", () => {
    const deep = { vm: "replace", "vm.wait.seconds": "record" };
    const changesOf = (news: object): unknown =>
      findChanges(deep, { vm: { wait: { text: "a", seconds: 1 } } }, news);
    assert.deepEqual(changesOf({ vm: { wait: { text: "a", seconds: 2 } } }), [
      { property: "vm.wait.seconds", effect: "record" },
    ]);
    assert.deepEqual(changesOf({ vm: { wait: { text: "b", seconds: 1 } } }), [
      { property: "vm", effect: "replace" },
    ]);
  });

  it("finds a property that came or went", () => {
    assert.deepEqual(findChanges(table, {}, { task: { prompt: "p" } }), [
      { property: "task", effect: "sync" },
    ]);
  });
});
