import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import type SSHConfig from "ssh-config" with { "resolution-mode": "import" };
import { expandHome } from "./expandHome";

/** OpenSSH's own limit of nested Include lines. */
const deepestInclude = 16;

type SSHConfigClass = typeof SSHConfig;

/**
 * Parses an ssh_config text and puts the files that its Include lines name in their place. Only lines outside
 * of Host and Match sections are followed, which is where they stand in practice.
 */
export async function readWithIncludes(parser: SSHConfigClass, text: string, depth = 0): Promise<SSHConfig> {
  const parsed = parser.parse(text);
  const whole = new parser();
  for (const line of parsed) {
    if (!("param" in line) || !/^include$/i.test(line.param) || depth >= deepestInclude) {
      whole.push(line);
      continue;
    }
    const patterns = typeof line.value === "string" ? [line.value] : line.value.map(({ val }) => val);
    for (const pattern of patterns) {
      for (const path of await expandPattern(pattern)) {
        const included = await readFile(path, "utf8").catch(() => "");
        whole.push(...(await readWithIncludes(parser, included, depth + 1)));
      }
    }
  }
  return whole;
}

/** Wildcards are followed in the last part of a path; relative paths start at ~/.ssh. */
async function expandPattern(pattern: string): Promise<string[]> {
  const expanded = expandHome(pattern);
  const path = isAbsolute(expanded) ? expanded : join(expandHome("~/.ssh"), expanded);
  const name = basename(path);
  if (!/[*?]/.test(name)) return [path];
  const source = name
    .replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const entries = await readdir(dirname(path)).catch(() => []);
  return entries
    .filter((entry) => !entry.startsWith(".") && new RegExp(`^${source}$`).test(entry))
    .sort()
    .map((entry) => join(dirname(path), entry));
}
