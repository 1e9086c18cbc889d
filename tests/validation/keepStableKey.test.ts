import assert from "node:assert/strict";
import { keepStableKey } from "../../provider/validation/keepStableKey";

describe("keepStableKey", () => {
  it("takes the key of the first creation over into new inputs", () => {
    const kept = keepStableKey({ stableKey: "old", a: 1 }, { stableKey: "new", a: 2 });
    assert.deepEqual(kept, { stableKey: "old", a: 2 });
  });

  it("leaves the new key where there is no old one, also where there are no old inputs at all", () => {
    for (const olds of [undefined, null, {}, { stableKey: 5 }]) {
      assert.deepEqual(keepStableKey(olds, { stableKey: "new" }), { stableKey: "new" });
    }
  });
});
