import * as pulumi from "@pulumi/pulumi";

/**
 * Marks each field of an object as secret. Field by field, because a secret around the whole object would be unknown
 * during a preview as soon as one field is, and nothing of it could be checked.
 */
export function secretFields(fields: pulumi.Input<object>): pulumi.Input<object> {
  if (pulumi.Output.isInstance(fields) || fields instanceof Promise) return pulumi.secret(fields);
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]: [string, unknown]) => [
      key,
      value === undefined ? value : pulumi.secret(value),
    ]),
  );
}
