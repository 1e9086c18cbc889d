import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { expected } from "../validation/expected";
import { flag } from "../validation/flag";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";
import { findingSchema } from "./finding";
import { localFileProperties } from "./localFile";
import { defaultVersion } from "./releases";
import { checkSources, kernelSchema, sourceSchema } from "./sourceSchema";

const versionError = ({ input }: { input?: unknown }): string =>
  expected("version", `a release of Firecracker, such as ${defaultVersion} (without a v)`, input);

/** The inputs of `FirecrackerHost` as Pulumi hands them to the provider: types, defaults, messages. */
export const firecrackerHostSchema = z.object({
  ...hostInputsShape,
  version: z
    .string({ error: versionError })
    .regex(/^\d+\.\d+\.\d+(-[A-Za-z0-9.-]+)?$/, { error: versionError })
    .max(40, { error: versionError })
    .default(defaultVersion),
  source: sourceSchema,
  jailer: flag("jailer", true),
  kernel: kernelSchema.optional(),
  requireKvm: flag("requireKvm", true),
  downloadTimeoutSeconds: wholeNumber("downloadTimeoutSeconds", 1, 86_400, "seconds").default(600),
  /** Set by the constructor: the SHA-256 sums of the local files, so that another content is a change. */
  localSha256: z.record(z.string(), z.string()).optional(),
});

/** A local file that could not be read has the reason in the place of its sum. */
const checkLocalFiles: CrossCheck = (inputs, report) => {
  const sums = z.record(z.string(), z.string()).safeParse(inputs["localSha256"]).data ?? {};
  for (const [name, property] of Object.entries(localFileProperties)) {
    const sum = sums[name];
    if (sum !== undefined && !isSum(sum)) report(property, sum);
  }
};

function isSum(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export const firecrackerHostCrossChecks: readonly CrossCheck[] = [
  ...connectionCrossChecks,
  checkSources,
  checkLocalFiles,
];

/** Checked inputs, defaults filled in. */
export type FirecrackerHostInputs = z.infer<typeof firecrackerHostSchema>;

/**
 * How the files were last seen. `ready`: all are there and are what they were; `damaged`: one is missing or is another
 * one; `absent`: the host knows nothing of them.
 */
export const firecrackerHostStatuses = ["ready", "damaged", "absent"] as const;
export type FirecrackerHostStatus = (typeof firecrackerHostStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const firecrackerHostOutputsSchema = z.object({
  status: z.enum(firecrackerHostStatuses),
  firecrackerPath: z.string().optional(),
  jailerPath: z.string().optional(),
  kernelPath: z.string().optional(),
  firecrackerVersion: z.string().optional(),
  kernelSha256: z.string().optional(),
  architecture: z.string().optional(),
  findings: z.array(findingSchema),
});
export type FirecrackerHostOutputs = z.infer<typeof firecrackerHostOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type FirecrackerHostState = FirecrackerHostInputs & FirecrackerHostOutputs;

/** The diff table. Nothing replaces but another host: files of another version stand beside the old ones. */
export const firecrackerHostChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  version: "sync",
  source: "sync",
  jailer: "sync",
  kernel: "sync",
  requireKvm: "sync",
  localSha256: "sync",
  downloadTimeoutSeconds: "record",
};
