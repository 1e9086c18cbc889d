import assert from "node:assert/strict";
import { withPlainAnswers } from "../../provider/forward/withPlainAnswers";
import type { Lifecycle } from "../../provider/forward/lifecycle";

describe("withPlainAnswers", () => {
  const outs = { pid: undefined, status: "stopped", deep: { none: undefined, list: [{ none: undefined }] } };
  const lifecycle: Lifecycle = {
    check: () => Promise.resolve({ inputs: outs, failures: [] }),
    diff: () => Promise.resolve({ changes: false, replaces: undefined }),
    create: () => Promise.resolve({ id: "id", outs }),
    read: () => Promise.resolve({ id: "id", props: outs }),
    update: () => Promise.resolve({ outs }),
    delete: () => Promise.resolve(),
  };
  const plain = { status: "stopped", deep: { list: [{}] } };

  it("leaves no undefined in any answer, since the engine refuses it", async () => {
    const answers = withPlainAnswers(lifecycle);
    assert.deepEqual(await answers.check({}, {}), { inputs: plain, failures: [] });
    assert.deepEqual(await answers.diff("id", {}, {}), { changes: false });
    assert.deepEqual(await answers.create({}), { id: "id", outs: plain });
    assert.deepEqual(await answers.read("id", {}), { id: "id", props: plain });
    assert.deepEqual(await answers.update("id", {}, {}), { outs: plain });
  });
});
