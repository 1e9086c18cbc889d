import { isIPv6 } from "node:net";

const absentValues = new Set(["null", "undefined", "nan", "none", "nil", "[object object]"]);

/** Whole names that stand for a host in templates and tutorials. Not `host` or `localhost`: those may be real. */
const placeholderNames =
  /^(example|placeholder|hostname|(my|some|the)[-_ ]?host(name)?[-_ ]?here|change[-_ ]?me|replace[-_ ]?(me|this)|fix[-_ ]?me|to[-_ ]?do|tbd|xxx+|insert[-_ ].*|your[-_. ]?(\w*[-_ ]?)?(host(name)?|server|ip|address|domain|machine)\b.*)$/i;

/** Marks of a template that nobody filled in: `<host>`, `${host}`, `{{ host }}`, `%HOST%`, `$HOST`. */
const templateMarks = /[<>{}$]|^%.*%$/;

/** Tells what a host name has to be when it is not that; `undefined` for a usable one. */
export function findHostFault(host: string): string | undefined {
  if (host.trim() === "") return "a host name, an address or an alias of ~/.ssh/config";
  if (host.includes("Output<")) {
    return "a host name (an output was put into a string: use `pulumi.interpolate` or `.apply`)";
  }
  if (absentValues.has(host.trim().toLowerCase())) {
    return "a host name (this is the text of a value that was absent)";
  }
  if (templateMarks.test(host) || placeholderNames.test(host.trim())) {
    return "the name of your host (this is a placeholder)";
  }
  if (isIPv6(host)) return undefined;
  if (host.includes("://")) return "a host name without a scheme such as ssh://";
  if (host.includes("@")) return "a host name without a user (set `user` instead)";
  if (/^[^:]*:\d*$|^\[.*\]/.test(host)) return "a host name without brackets and port (set `port` instead)";
  if (host.length > 255 || !/^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u.test(host)) {
    return "a host name, an IP address or an alias of ~/.ssh/config";
  }
  return undefined;
}
