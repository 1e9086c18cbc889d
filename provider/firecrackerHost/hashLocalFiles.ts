import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { hashLocalFile, listLocalFiles } from "./localFile";
import type { FirecrackerSourceArgs, GuestKernelArgs } from "./sourceArgs";
import type * as SourceSchema from "./sourceSchema";

/**
 * The SHA-256 sums of the local files that a program names. They are inputs of their own, so that `pulumi preview`
 * shows a file that has changed under the same name. What is not as expected is left to the provider's check, and so is
 * a file that cannot be read: it has the reason in the place of its sum. A promise that is rejected would hold the
 * program for a minute.
 */
export function hashLocalFiles(
  source: pulumi.Input<FirecrackerSourceArgs> | undefined,
  kernel: pulumi.Input<GuestKernelArgs> | undefined,
): pulumi.Output<Record<string, string>> {
  return pulumi.output({ source, kernel }).apply(async (known) => {
    // Loaded here only: a program without this resource need not wait for the schemas.
    const load = createRequire(__filename);
    const { kernelSchema, sourceSchema } = load("./sourceSchema") as typeof SourceSchema;
    const files = listLocalFiles(
      sourceSchema.safeParse(known.source).data,
      kernelSchema.safeParse(known.kernel).data,
    );
    const sums: Record<string, string> = {};
    for (const file of files) {
      sums[file.name] = await hashLocalFile(file).catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
    }
    return sums;
  });
}
