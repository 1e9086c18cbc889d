import assert from "node:assert/strict";
import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs } from "../../provider/connection/connectionArgs";
import { connectionSchema } from "../../provider/connection/connectionSchema";

/** What `new remote.Command(name, { connection })` takes. */
type CommandConnectionArgs = types.input.remote.ConnectionArgs;

/** Compiles only where every value of the first type is a value of the second. */
type Accepts<Given extends Wanted, Wanted> = Given;

type CommandConnection = pulumi.UnwrappedObject<CommandConnectionArgs>;
// `npm run check` compiles these lines; they are the test.
export type AcceptsCommandConnection = Accepts<
  CommandConnectionArgs & { hostKey: pulumi.Input<string> },
  ConnectionArgs
>;
export type ServesCommandToo = Accepts<
  Omit<ConnectionArgs, "sudo" | "knownHosts" | "insecureIgnoreHostKey">,
  CommandConnectionArgs
>;

describe("ConnectionArgs", () => {
  it("is served by a value of @pulumi/command's remote.ConnectionArgs with a hostKey", () => {
    const shared = {
      host: "fc.example.com",
      port: 22,
      user: "root",
      privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----",
      privateKeyPassword: "p",
      password: "q",
      agentSocketPath: "/run/agent",
      hostKey: "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDLz4YoqOsd8IPdxR4",
      dialErrorLimit: 3,
      perDialTimeout: 5,
      proxy: { host: "bastion.example.com", hostKey: "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDLz4YoqOsd8IPdxR4" },
    } satisfies CommandConnection & ConnectionArgs;
    const forCommand: CommandConnectionArgs = shared;
    const forUs: ConnectionArgs = shared;
    assert.equal(forCommand, forUs);
    assert.equal(connectionSchema.parse(shared).host, "fc.example.com");
  });
});
