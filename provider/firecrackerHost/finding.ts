import * as z from "zod";

/** One thing that the look at a host has found out. */
export const findingSchema = z.object({
  /** `error`: something of microVMs cannot work there; `warning`: it works, and a person should know of it. */
  level: z.enum(["ok", "warning", "error"]),
  /** What was looked at: kvm, kernel, swap and so on. */
  name: z.string(),
  message: z.string(),
  /** What mends it. */
  hint: z.string().optional(),
});

/**
 * One thing that the look at a host has found out: `level` (ok, warning or error), `name` of what was looked at (kvm,
 * kernel, swap, …), `message`, and in `hint` what mends it.
 */
export type Finding = z.infer<typeof findingSchema>;
