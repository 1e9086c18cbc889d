import * as z from "zod";

/** How the host says that it does not do what was asked of it, be it the task server or its loader. */
export const refusalSchema = z.object({
  ok: z.literal(false),
  error: z.object({
    /** Says which reason it is, for programs. */
    code: z.string(),
    message: z.string(),
    /** What mends it. */
    hint: z.string().optional(),
    logTail: z.string().optional(),
  }),
});
