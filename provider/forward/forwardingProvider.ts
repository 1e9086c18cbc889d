import type { dynamic } from "@pulumi/pulumi";
import type { Lifecycle, LifecycleName } from "./lifecycle";

/**
 * The dynamic provider of a resource, reduced to what Pulumi serializes into the stack's state: each method loads
 * the installed package by its name and calls the lifecycle there. Nothing else may be captured here, and the text
 * of these functions must stay as it is: another text would show up in the state of every existing stack.
 */
export function forwardingProvider(resource: LifecycleName): dynamic.ResourceProvider {
  return {
    check: (olds: unknown, news: unknown) => loadLifecycle(resource).check(olds, news),
    diff: (id: string, olds: unknown, news: unknown) => loadLifecycle(resource).diff(id, olds, news),
    create: (inputs: unknown) => loadLifecycle(resource).create(inputs),
    read: (id: string, props?: unknown) => loadLifecycle(resource).read(id, props),
    update: (id: string, olds: unknown, news: unknown) => loadLifecycle(resource).update(id, olds, news),
    delete: (id: string, props: unknown) => loadLifecycle(resource).delete(id, props),
  };
}

/* Resolved from the program's folder, not from this file: what Pulumi runs of this file is a copy without a path. */
function loadLifecycle(resource: LifecycleName): Lifecycle {
  const folder = process.cwd();
  try {
    const load = (require("module") as typeof import("module")).createRequire(folder + "/");
    return (load("pulumi-fc-agents/provider") as Record<LifecycleName, Lifecycle>)[resource];
  } catch (error) {
    throw new Error(
      "Could not load the package pulumi-fc-agents from " +
        folder +
        ": " +
        String(error) +
        ". Install it there (npm install pulumi-fc-agents) and run the command again.",
    );
  }
}
