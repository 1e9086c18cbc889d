import * as z from "zod";
import { expected } from "../validation/expected";
import { parseAllowEntry } from "./allowEntry";

/** More entries than a person writes; each name is looked up twice a minute or more. */
const maxEntries = 256;

const egressForm = "`internet`, `none`, or an object with `allow`";

/** Where a guest may connect to. */
export const egressSchema = z
  .union([z.enum(["internet", "none"]), z.strictObject({ allow: z.array(z.string()).max(maxEntries) })], {
    error: ({ input }) => describeFault(input),
  })
  .superRefine((egress, context) => {
    if (typeof egress === "string") return;
    egress.allow.forEach((entry, index) => {
      const parsed = parseAllowEntry(entry);
      if (typeof parsed !== "string") return;
      const path = ["allow", index];
      context.addIssue({
        code: "custom",
        path,
        message: expected(`egress.${path.join(".")}`, parsed, entry),
      });
    });
  })
  .default("internet");

export type Egress = z.infer<typeof egressSchema>;

function describeFault(input: unknown): string {
  if (typeof input !== "object" || input === null) return expected("egress", egressForm, input);
  const { allow, ...others } = input as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return expected("egress", "an object with `allow` only", other);
  if (Array.isArray(allow) && allow.length > maxEntries)
    return `Expected \`egress.allow\` to have at most ${maxEntries} entries, got ${allow.length}`;
  return expected("egress.allow", "an array of strings", allow);
}
