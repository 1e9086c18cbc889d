import assert from "node:assert/strict";
import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs, ProxyArgs } from "../../provider/connection/connectionArgs";
import { connectionSchema } from "../../provider/connection/connectionSchema";

/** What `new remote.Command(name, { connection })` takes. */
type CommandConnectionArgs = types.input.remote.ConnectionArgs;

type CommandProxyArgs = types.input.remote.ProxyConnectionArgs;

/** Compiles only where every value of the first type is a value of the second. */
type Accepts<Given extends Wanted, Wanted> = Given;

/** The fields that both know. Compiles only where all of the first type's fields are fields of the second. */
type Shared<Theirs, Ours extends Record<keyof Theirs, unknown>> = Required<Pick<Ours, keyof Theirs>>;

// `npm run check` compiles these lines; they are the test. A field of ours that had another name would be one that
// `Shared` does not find, and one of another type would fail in one direction or the other.
export type AcceptsCommandConnection = Accepts<
  CommandConnectionArgs & { hostKey: pulumi.Input<string> },
  ConnectionArgs
>;
export type AcceptsEveryField = Accepts<
  Required<CommandConnectionArgs>,
  Shared<CommandConnectionArgs, Required<ConnectionArgs>>
>;
export type AcceptsEveryProxyField = Accepts<
  Required<CommandProxyArgs>,
  Shared<CommandProxyArgs, Required<ProxyArgs>>
>;
export type ServesCommandToo = Accepts<
  Omit<ConnectionArgs, "sudo" | "knownHosts" | "insecureIgnoreHostKey">,
  CommandConnectionArgs
>;
export type ServesEveryField = Accepts<
  Shared<CommandConnectionArgs, Required<ConnectionArgs>>,
  Required<CommandConnectionArgs>
>;

type CommandConnection = pulumi.UnwrappedObject<CommandConnectionArgs>;

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
