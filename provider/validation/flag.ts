import * as z from "zod";
import { expected } from "./expected";

/** A switch among the inputs, worded as every other input. */
export function flag(property: string, defaultValue: boolean): z.ZodDefault<z.ZodBoolean> {
  return z
    .boolean({ error: ({ input }) => expected(property, "true or false", input) })
    .default(defaultValue);
}
