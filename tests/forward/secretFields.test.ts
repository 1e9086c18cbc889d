import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { secretFields } from "../../provider/forward/secretFields";

describe("secretFields", () => {
  it("makes each field a secret and leaves the object itself known", async () => {
    const fields = (await secretFields({ host: "fc", port: pulumi.output(22), user: undefined })) as Record<
      string,
      unknown
    >;
    assert.deepEqual(Object.keys(fields), ["host", "port", "user"]);
    assert.equal(fields["user"], undefined);
    for (const name of ["host", "port"]) {
      const field = fields[name];
      assert.ok(pulumi.Output.isInstance(field));
      assert.equal(await pulumi.isSecret(field), true);
    }
  });

  it("makes an output, or a promise, of an object one secret", async () => {
    for (const input of [pulumi.output({ host: "fc" }), Promise.resolve({ host: "fc" })]) {
      const field = secretFields(input);
      assert.ok(pulumi.Output.isInstance(field));
      assert.equal(await pulumi.isSecret(field), true);
    }
  });
});
