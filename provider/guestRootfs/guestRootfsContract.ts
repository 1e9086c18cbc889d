import { createHash } from "node:crypto";
import { isIP } from "node:net";
import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";

/** The version of Claude Code that this package was tested with. */
export const defaultClaudeCodeVersion = "2.1.331";

/** A string of a pattern, worded as every other input. */
function text(property: string, expectation: string, pattern: RegExp): z.ZodString {
  const error = ({ input }: { input?: unknown }): string => expected(property, expectation, input);
  return z.string({ error }).regex(pattern, { error });
}

function list(property: string, expectation: string, pattern: RegExp): z.ZodArray<z.ZodString> {
  return z.array(text(property, expectation, pattern), {
    error: ({ input }) => expected(property, expectation, input),
  });
}

/** It goes into the image or into an argument on the host, so no user name or password may be in it. */
function urlSchema(property: string): z.ZodType<string> {
  const expectation = "an http:// or https:// URL without user name, password or blanks";
  const error = ({ input }: { input?: unknown }): string => expected(property, expectation, input);
  return z.string({ error }).superRefine((value, context) => {
    const url = URL.canParse(value) && /^[\x21-\x7e]+$/.test(value) ? new URL(value) : undefined;
    if (url !== undefined && (url.username !== "" || url.password !== ""))
      context.addIssue(`Expected \`${property}\` to be ${expectation} (not shown: it may hold a secret)`);
    else if (url === undefined || !["http:", "https:"].includes(url.protocol))
      context.addIssue(expected(property, expectation, value));
  });
}

const suitePattern = /^[a-z][a-z0-9.-]{0,63}(\/[a-z0-9.-]{1,63})?$/;
const packagePattern = /^[a-z0-9][a-z0-9+.-]{0,127}$/;
const resolverError = ({ input }: { input?: unknown }): string =>
  expected("resolvers", "an array of one to three IP addresses", input);

/** The inputs of `GuestRootfs` as Pulumi hands them to the provider: types, defaults, messages. */
export const guestRootfsSchema = z.object({
  ...hostInputsShape,
  name: text(
    "name",
    "a name of letters, digits and . _ -, at most 64 characters, not starting with . _ or -",
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  ).optional(),
  suite: text("suite", "the name of a release, such as noble", /^[a-z][a-z0-9.-]{0,63}$/).default("noble"),
  mirror: urlSchema("mirror").default("http://archive.ubuntu.com/ubuntu"),
  components: list("components", "an array of names of components, such as main", packagePattern)
    .min(1, { error: ({ input }) => expected("components", "an array of at least one component", input) })
    .default(["main", "universe"]),
  updateSuites: list(
    "updateSuites",
    "an array of names of suites, such as noble-security",
    suitePattern,
  ).optional(),
  keyring: text("keyring", "an absolute path of a file on the host", /^\/[^\p{C}]{1,4000}$/u).default(
    "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
  ),
  sizeMib: wholeNumber("sizeMib", 512, 1024 ** 2, "MiB").default(4096),
  packages: list("packages", "an array of names of packages", packagePattern).default([]),
  nodeUrl: urlSchema("nodeUrl").optional(),
  nodeSha256: text(
    "nodeSha256",
    "a SHA-256 of 64 lower-case hexadecimal digits",
    /^[0-9a-f]{64}$/,
  ).optional(),
  npmRegistry: urlSchema("npmRegistry").optional(),
  claudeCodeVersion: text(
    "claudeCodeVersion",
    `an exact version, such as ${defaultClaudeCodeVersion}`,
    /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]{1,64})?$/,
  ).default(defaultClaudeCodeVersion),
  claudeCodeIntegrity: list(
    "claudeCodeIntegrity",
    "an array of `sha512-…`, as `npm view <package>@<version> dist.integrity` prints it",
    /^sha512-[A-Za-z0-9+/]{86}==$/,
  ).optional(),
  resolvers: z
    .array(
      z.string({ error: resolverError }).refine((value) => isIP(value) !== 0, { error: resolverError }),
      {
        error: resolverError,
      },
    )
    .min(1, { error: resolverError })
    .max(3, { error: resolverError })
    .default(["1.1.1.1", "8.8.8.8"]),
  force: z.string({ error: ({ input }) => expected("force", "a string", input) }).optional(),
  timeoutSeconds: wholeNumber("timeoutSeconds", 30, 86_400, "seconds").default(1800),
});

/** A release of Node.js is an archive and its hash. */
const checkNodeRelease: CrossCheck = ({ nodeUrl, nodeSha256 }, report) => {
  if (nodeUrl !== undefined && nodeSha256 === undefined)
    report("nodeSha256", "Expected `nodeSha256` beside `nodeUrl`: what is downloaded has to be verified");
  if (nodeUrl === undefined && nodeSha256 !== undefined)
    report("nodeUrl", "Expected `nodeUrl` beside `nodeSha256`");
};

export const guestRootfsCrossChecks: readonly CrossCheck[] = [...connectionCrossChecks, checkNodeRelease];

/** Checked inputs, defaults filled in. */
export type GuestRootfsInputs = z.infer<typeof guestRootfsSchema>;

/**
 * How the image was last seen. `present`: it is the one that was made; `damaged`: another file stands in its place, or
 * somebody has written to it; `absent`: there is none.
 */
export const imageStatuses = ["present", "absent", "damaged"] as const;
export type ImageStatus = (typeof imageStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const guestRootfsOutputsSchema = z.object({
  imagePath: z.string(),
  status: z.enum(imageStatuses),
  contentHash: z.string(),
  agentHash: z.string(),
  sizeBytes: z.number(),
  builtAt: z.string().optional(),
  bootArgs: z.string(),
});
export type GuestRootfsOutputs = z.infer<typeof guestRootfsOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type GuestRootfsState = GuestRootfsInputs & GuestRootfsOutputs;

/**
 * The diff table. `replace`: another image, the old one is removed first. `sync`: the image is built anew, or, for
 * `resolvers`, a file in it is replaced. `record`: kept in the state, the host is not contacted.
 */
export const guestRootfsChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  name: "replace",
  suite: "sync",
  mirror: "sync",
  components: "sync",
  updateSuites: "sync",
  keyring: "sync",
  sizeMib: "sync",
  packages: "sync",
  nodeUrl: "sync",
  nodeSha256: "sync",
  npmRegistry: "sync",
  claudeCodeVersion: "sync",
  claudeCodeIntegrity: "sync",
  resolvers: "sync",
  force: "sync",
  timeoutSeconds: "record",
};

/** Name of the image's folder on the host: the one that the stack gives, else one derived from the stable key. */
export function imageNameOf({ name, stableKey }: Pick<GuestRootfsInputs, "name" | "stableKey">): string {
  return name ?? `img-${createHash("sha256").update(stableKey).digest("hex").slice(0, 12)}`;
}
