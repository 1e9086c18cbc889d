import * as z from "zod";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { isUnknown } from "../validation/unknownValue";

const sourceKeys = ["url", "mirror", "file", "firecracker", "jailer", "sha256"];

function path(property: string): z.ZodString {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, "the path of a local file", input);
  return z.string({ error }).min(1, { error });
}

function sum(property: string): z.ZodString {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, "a SHA-256 sum of 64 hexadecimal digits", input);
  return z
    .string({ error })
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, { error });
}

function url(property: string): z.ZodString {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, "an https:// address without user and password", input);
  return z.string({ error }).refine(isFetchable, { error });
}

function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "" && hash === "";
}

function objectError(property: string, expectation: string) {
  return (issue: { code?: string; keys?: readonly string[]; input?: unknown }): string =>
    issue.code === "unrecognized_keys"
      ? `Expected \`${property}\` to have no property ${(issue.keys ?? []).map((key) => `\`${key}\``).join(", ")}; ${expectation}`
      : expected(property, expectation, issue.input);
}

/** Where Firecracker comes from. Which properties go together is the matter of {@link checkSources}. */
export const sourceSchema = z
  .strictObject(
    {
      url: url("source.url").optional(),
      mirror: url("source.mirror").optional(),
      file: path("source.file").optional(),
      firecracker: path("source.firecracker").optional(),
      jailer: path("source.jailer").optional(),
      sha256: sum("source.sha256").optional(),
    },
    { error: objectError("source", `it knows ${sourceKeys.join(", ")}`) },
  )
  .default({});

/** Where the guests' kernel comes from. */
export const kernelSchema = z.strictObject(
  {
    url: url("kernel.url").optional(),
    file: path("kernel.file").optional(),
    sha256: sum("kernel.sha256").optional(),
  },
  { error: objectError("kernel", "an object with `url` and `sha256`, or with `file`") },
);

export type FirecrackerSource = z.infer<typeof sourceSchema>;
export type GuestKernel = z.infer<typeof kernelSchema>;

/** The rules between the properties of `source`, and of `kernel`. */
export const checkSources: CrossCheck = (inputs, report) => {
  const source = inputs["source"];
  if (isRecord(source)) {
    requireOne("source", source, ["url", "mirror", "file", "firecracker"], 0, report);
    if (has(source, "jailer") && !has(source, "firecracker")) {
      report(
        "source.jailer",
        "Expected `source.jailer` to stand beside `source.firecracker`: an archive has its own",
      );
    }
    if (has(source, "sha256") && has(source, "firecracker")) {
      report("source.sha256", "Expected `source.sha256` to stand beside an archive, not beside two programs");
    }
    if (has(source, "firecracker") && !has(source, "jailer") && inputs["jailer"] !== false) {
      report(
        "source.jailer",
        "Expected `source.jailer` to be the path of the jailer, or `jailer` to be false: VMs are jailed by default",
      );
    }
    if (has(source, "url")) requireSum("source", "an archive from an address of your own", source, report);
    requireSumForHttp("source.mirror", source["mirror"], "source.sha256", source, report);
  }
  const kernel = inputs["kernel"];
  if (isRecord(kernel)) {
    requireOne("kernel", kernel, ["url", "file"], 1, report);
    if (has(kernel, "url")) requireSum("kernel", "a kernel from an address", kernel, report);
  }
};

type Report = Parameters<CrossCheck>[1];

function requireOne(
  property: string,
  fields: Record<string, unknown>,
  keys: readonly string[],
  least: number,
  report: Report,
): void {
  const given = keys.filter((key) => has(fields, key));
  if (given.length >= least && given.length <= 1) return;
  const names = keys.map((key) => `\`${key}\``).join(", ");
  const found = given.length === 0 ? "none" : given.map((key) => `\`${key}\``).join(" and ");
  report(
    property,
    `Expected \`${property}\` to have ${least === 0 ? "at most" : "exactly"} one of ${names}, got ${found}`,
  );
}

function requireSum(property: string, what: string, fields: Record<string, unknown>, report: Report): void {
  if (has(fields, "sha256")) return;
  report(
    `${property}.sha256`,
    `Expected \`${property}.sha256\` to be the SHA-256 sum of the file: ${what} is used only if its content is known`,
  );
}

function requireSumForHttp(
  property: string,
  address: unknown,
  sumProperty: string,
  fields: Record<string, unknown>,
  report: Report,
): void {
  if (typeof address !== "string" || !/^http:/i.test(address) || has(fields, "sha256")) return;
  report(property, expected(property, `an https:// address (http:// only with \`${sumProperty}\`)`, address));
}

function has(fields: Record<string, unknown>, key: string): boolean {
  return isUnknown(fields[key]) || (fields[key] !== undefined && fields[key] !== null);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
