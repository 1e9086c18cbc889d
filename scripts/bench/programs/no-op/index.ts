/**
 * What `pulumi up` costs by itself: the example's configuration, and dynamic resources that do nothing: one, and `count`
 * (default: 1) that depend on it.
 */
import * as pulumi from "@pulumi/pulumi";

const provider: pulumi.dynamic.ResourceProvider = {
  create: (inputs: object) => Promise.resolve({ id: "no-op", outs: { ...inputs, result: "nothing" } }),
};

class NoOp extends pulumi.dynamic.Resource {
  declare public readonly result: pulumi.Output<string>;

  public constructor(name: string, inputs: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...inputs, result: undefined }, options, "fc-bench", "NoOp");
  }
}

const config = new pulumi.Config();
const inputs = {
  connection: { host: config.require("host"), privateKey: config.requireSecret("privateKey") },
  oauthToken: config.requireSecret("claudeToken"),
  task: { prompt: config.require("prompt") },
};
const first = new NoOp("first", inputs);
const others = Array.from(
  { length: config.getNumber("count") ?? 1 },
  (_, index) => new NoOp(`other-${index}`, inputs, { dependsOn: first }),
);

export const results = others.map(({ result }) => result);
