import { describeValue } from "./describeValue";

/** Words an error about an input: the property, what is expected, the value that came instead. */
export function expected(property: string, expectation: string, value: unknown): string {
  return `Expected \`${property}\` to be ${expectation}, got ${describeValue(value)}`;
}

/** The same for a secret input: nothing of the value is shown, only its type. */
export function expectedSecret(property: string, expectation: string, value: unknown): string {
  const kind =
    value === undefined
      ? "nothing"
      : value === ""
        ? "an empty string"
        : `a ${typeof value} (not shown: secret)`;
  return `Expected \`${property}\` to be ${expectation}, got ${kind}`;
}
