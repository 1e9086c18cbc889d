import * as z from "zod";
import { expected } from "../validation/expected";

/** An object that has known fields only, worded as every other input. */
export function objectOf<Shape extends z.ZodRawShape>(
  property: string,
  expectation: string,
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `Expected \`${property}\` to have known options only, got ${issue.keys.map((key) => `\`${key}\``).join(", ")}`
        : expected(property, expectation, issue.input),
  });
}

export function listOf<Element extends z.ZodType>(
  property: string,
  element: Element,
  most = Infinity,
): z.ZodArray<Element> {
  const expectation = most === Infinity ? "an array" : `an array of at most ${most} elements`;
  const error = ({ input }: { input?: unknown }): string => expected(property, expectation, input);
  const list = z.array(element, { error });
  return most === Infinity ? list : list.max(most, { error });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(
  property: string,
  values: Values,
): z.ZodEnum<z.core.util.ToEnum<Values[number]>> {
  return z.enum(values, { error: ({ input }) => expected(property, `one of ${values.join(", ")}`, input) });
}

export function textOf(property: string, expectation: string, pattern: RegExp): z.ZodString {
  const error = ({ input }: { input?: unknown }): string => expected(property, expectation, input);
  return z.string({ error }).regex(pattern, { error });
}

export function optionalFlag(property: string): z.ZodOptional<z.ZodBoolean> {
  return z.boolean({ error: ({ input }) => expected(property, "true or false", input) }).optional();
}

/** The path of a file on the host. */
export function hostPath(property: string): z.ZodString {
  return textOf(property, "an absolute path on the host", /^\/[^\0\n]{0,4094}$/);
}

/** What Firecracker takes as the id of a device (src/firecracker/src/api_server: `checked_id`). */
export function deviceId(property: string): z.ZodString {
  return textOf(property, "1 to 64 letters, digits and underscores", /^[A-Za-z0-9_]{1,64}$/);
}

/** A network device's name has at most 15 bytes, and no slash or blank in it (IFNAMSIZ, `dev_valid_name`). */
export function deviceName(property: string): z.ZodString {
  return textOf(
    property,
    "the name of a network device (at most 15 characters, no slash, colon or blank)",
    /^(?!\.{1,2}$)[^\s/:\p{C}]{1,15}$/u,
  );
}
