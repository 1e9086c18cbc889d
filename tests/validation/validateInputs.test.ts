import assert from "node:assert/strict";
import * as z from "zod";
import { describeValue } from "../../provider/validation/describeValue";
import { expected, expectedSecret } from "../../provider/validation/expected";
import { containsUnknown, unknownValue } from "../../provider/validation/unknownValue";
import { validateInputs } from "../../provider/validation/validateInputs";

const schema = z.object({
  port: z.number({ error: ({ input }) => expected("port", "a number", input) }).default(22),
  name: z.string({ error: ({ input }) => expected("name", "a string", input) }),
  nested: z.object({ flag: z.boolean({ error: "Expected `nested.flag` to be true or false" }) }).optional(),
});

describe("validateInputs", () => {
  it("returns the inputs with their defaults when all is well", () => {
    assert.deepEqual(validateInputs(schema, [], { name: "a" }), {
      inputs: { name: "a", port: 22 },
      failures: [],
    });
  });

  it("reports every failure at once, with the property, the expectation and the value", () => {
    const { failures } = validateInputs(schema, [], { port: "x", name: 1, nested: { flag: "no" } });
    assert.deepEqual(failures, [
      { property: "port", reason: "Expected `port` to be a number, got `x` (string)" },
      { property: "name", reason: "Expected `name` to be a string, got `1` (number)" },
      { property: "nested.flag", reason: "Expected `nested.flag` to be true or false" },
    ]);
  });

  it("runs the rules between inputs also when single inputs are wrong", () => {
    const rule = (_: unknown, report: (path: string, message: string) => void): void => {
      report("name", "must match");
    };
    const { failures } = validateInputs(schema, [rule], { port: "x", name: "a" });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["port", "name"],
    );
  });

  it("leaves a value that is not known yet to the check that will know it", () => {
    const raw = { port: unknownValue, name: "a", nested: { flag: unknownValue } };
    assert.deepEqual(validateInputs(schema, [], raw), { inputs: raw, failures: [] });
  });

  it("still reports what is known to be wrong beside an unknown value", () => {
    const { failures } = validateInputs(schema, [], { port: unknownValue, name: 7 });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["name"],
    );
  });
});

describe("containsUnknown", () => {
  it("finds an unknown value at any depth", () => {
    assert.equal(containsUnknown({ a: [{ b: unknownValue }] }), true);
    assert.equal(containsUnknown({ a: [{ b: "known" }], c: null }), false);
  });
});

describe("describeValue", () => {
  it("shows the value and its type", () => {
    assert.equal(describeValue(-1), "`-1` (number)");
    assert.equal(describeValue([1]), "`[1]` (array)");
    assert.equal(describeValue(undefined), "`undefined`");
  });

  it("cuts a long value and makes control characters visible", () => {
    assert.equal(describeValue("a\nb\u001b"), "`a\\u{a}b\\u{1b}` (string)");
    assert.equal(describeValue("x".repeat(500)).length, "`` (string)".length + 81);
  });
});

describe("expectedSecret", () => {
  it("shows nothing of the value", () => {
    const message = expectedSecret("oauthToken", "a token", "hunter2");
    assert.equal(message, "Expected `oauthToken` to be a token, got a string (not shown: secret)");
  });
});
