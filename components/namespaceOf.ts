import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { stableKeyOf } from "../provider/forward/stableKey";

/** The name of a component's own network namespace: two stacks, and two components, never meet in one. */
export function namespaceOf(
  kind: string,
  name: string,
  opts?: pulumi.ComponentResourceOptions,
): pulumi.Output<string> {
  const readable = name.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 24);
  return pulumi
    .output(stableKeyOf(kind, name, opts))
    .apply((key) => `fc-${readable}-${createHash("sha256").update(key).digest("hex").slice(0, 8)}`);
}
