import * as pulumi from "@pulumi/pulumi";

/**
 * The key under which a resource owns its server or its tasks: organization, project, stack, type and name, and the
 * parent's URN, since two components may each have a child of one name. Only the key of the first creation counts.
 */
export function stableKeyOf(type: string, name: string, opts?: pulumi.ResourceOptions): Promise<string> {
  const own = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), type, name].join("/");
  const parent = opts?.parent;
  if (parent === undefined) return Promise.resolve(own);
  // A promise and no output: an output would make the child depend on its parent, which waits for its children.
  return new Promise((resolve) => {
    parent.urn.apply((urn) => {
      resolve(`${own}/${urn}`);
    });
  });
}
