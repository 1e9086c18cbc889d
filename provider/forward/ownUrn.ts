import * as pulumi from "@pulumi/pulumi";

/** The URN that Pulumi will give a resource, so that its provider can say what it is about. */
export function ownUrnOf(type: string, name: string, opts?: pulumi.ResourceOptions): Promise<string> {
  const stackPrefix = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::`;
  const own = `pulumi-nodejs:dynamic/fc-agents:${type}::${name}`;
  const parent = opts?.parent;
  if (parent === undefined) return Promise.resolve(`${stackPrefix}${own}`);
  // A promise and no output: an output would make the child depend on its parent, which waits for its children.
  return new Promise((resolve) => {
    parent.urn.apply((urn) => {
      const prefix = `${urn.slice(0, urn.lastIndexOf("::"))}$`;
      resolve(`${prefix.endsWith("::pulumi:pulumi:Stack$") ? stackPrefix : prefix}${own}`);
    });
  });
}
