import { isUnknown } from "../validation/unknownValue";
import type { CrossCheck } from "../validation/validateInputs";

/** The rules between the inputs of a connection and of its proxy; they read the resource's raw inputs. */
export const connectionCrossChecks: readonly CrossCheck[] = [
  (inputs, report) => {
    const connection = inputs["connection"];
    if (!isRecord(connection)) return;
    checkHostKeyChoice("connection", connection, report);
    if (isRecord(connection["proxy"])) checkHostKeyChoice("connection.proxy", connection["proxy"], report);
    if (connection["sudo"] === true && connection["user"] === "root") {
      report(
        "connection.sudo",
        "Expected `connection.sudo` to be false when `connection.user` is root: sudo is for other users",
      );
    }
  },
];

function checkHostKeyChoice(
  path: string,
  login: Record<string, unknown>,
  report: (path: string, message: string) => void,
): void {
  if (login["insecureIgnoreHostKey"] !== true) return;
  for (const key of ["hostKey", "knownHosts"]) {
    // A value that is not known yet may turn out to be absent.
    if (login[key] === undefined || login[key] === null || isUnknown(login[key])) continue;
    report(
      `${path}.insecureIgnoreHostKey`,
      `Expected \`${path}.insecureIgnoreHostKey\` to be false when \`${path}.${key}\` is given: either the host key is checked or it is not`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
