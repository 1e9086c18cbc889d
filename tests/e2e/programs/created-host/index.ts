/*
 * A host that is made in the same deployment, as a cloud's virtual machine would be: in a preview its address, and with
 * it the connection, is not known yet.
 */
import * as pulumi from "@pulumi/pulumi";
import { AgentRun, FcTaskServer } from "pulumi-fc-agents";

class Machine extends pulumi.dynamic.Resource {
  declare public readonly address: pulumi.Output<string>;

  public constructor(name: string) {
    const provider: pulumi.dynamic.ResourceProvider = {
      create: () => Promise.resolve({ id: "machine", outs: { address: "192.0.2.1" } }),
    };
    super(provider, name, { address: undefined });
  }
}

const config = new pulumi.Config();
const { address } = new Machine("machine");

const server = new FcTaskServer("agent-1", {
  connection: {
    host: address,
    privateKey: config.requireSecret("privateKey"),
    hostKey: config.require("hostKey"),
  },
  oauthToken: config.requireSecret("claudeToken"),
  task: { prompt: pulumi.interpolate`Say where you are; you should be on ${address}.` },
});

export const result = new AgentRun("whereabouts", { server }).result;
