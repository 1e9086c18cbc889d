import * as pulumi from "@pulumi/pulumi";
import { expected } from "../validation/expected";

/**
 * Checks strings for lone surrogates. It happens in the program, because they are replaced on the way to the provider,
 * and the guest would get another text than the stack declares.
 */
export function wellFormed<T>(property: string, input: pulumi.Input<T>): pulumi.Input<T> {
  if (pulumi.Output.isInstance(input) || input instanceof Promise) {
    const checked: pulumi.Output<unknown> = pulumi.output(input);
    return checked.apply((value) => {
      refuseLoneSurrogates(property, value);
      return value as T;
    });
  }
  if (typeof input === "object" && input !== null) {
    const checked = Object.entries(input).map(([key, value]: [string, unknown]) => [
      key,
      wellFormed(`${property}.${key}`, value),
    ]);
    return (
      Array.isArray(input) ? checked.map(([, value]) => value) : Object.fromEntries(checked)
    ) as pulumi.Input<T>;
  }
  refuseLoneSurrogates(property, input);
  return input;
}

function refuseLoneSurrogates(property: string, value: unknown): void {
  if (typeof value === "string" && !value.isWellFormed()) {
    throw new TypeError(expected(property, "well-formed Unicode (it has a lone surrogate)", value));
  }
  if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) refuseLoneSurrogates(`${property}.${key}`, child);
  }
}
