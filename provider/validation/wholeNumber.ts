import * as z from "zod";
import { expected } from "./expected";

/** A whole number in a range, worded as every other input. */
export function wholeNumber(property: string, min: number, max: number, unit = ""): z.ZodNumber {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, `a whole number${unit === "" ? "" : ` of ${unit}`} from ${min} to ${max}`, input);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
