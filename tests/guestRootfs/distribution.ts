import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the machine of the tests gets its own packages from, and images can be built from too. */
export interface Distribution {
  readonly suite: string;
  readonly mirror: string;
  readonly keyring: string;
  /** Suites of the same mirror with newer packages. */
  readonly updateSuites: readonly string[];
}

const aptFolder = "/etc/apt";
const probeTimeoutMs = 10_000;

/** The distribution of this machine, from its own configuration, or why no image can be built from it. */
export async function findDistribution(): Promise<Distribution | { obstacle: string }> {
  const suite = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const source = readSources().find(({ suites }) => suite !== undefined && suites.includes(suite));
  if (suite === undefined || source === undefined) return { obstacle: "apt has no source for this release" };
  const keyring = source.keyring ?? findKeyring();
  if (keyring === undefined) return { obstacle: "there is no keyring of the distribution" };
  const mirror = source.mirror.replace(/\/+$/, "");
  try {
    const { ok, status } = await fetch(`${mirror}/dists/${suite}/InRelease`, {
      method: "HEAD",
      signal: AbortSignal.timeout(probeTimeoutMs),
    });
    const updateSuites = source.suites.filter((name) => name.startsWith(`${suite}-`));
    return ok ? { suite, mirror, keyring, updateSuites } : { obstacle: `the mirror answers ${status}` };
  } catch (error) {
    return {
      obstacle: `the mirror cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

interface Source {
  readonly mirror: string;
  readonly suites: readonly string[];
  readonly keyring: string | undefined;
}

function readSources(): Source[] {
  const folder = join(aptFolder, "sources.list.d");
  const extra = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const files = [join(aptFolder, "sources.list"), ...extra].filter(existsSync);
  return files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return file.endsWith(".sources") ? readStanzas(text) : readLines(text);
  });
}

/** The newer format, sources.list(5): a paragraph for each source. */
function readStanzas(text: string): Source[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s*(.+)$`, "mi").exec(stanza)?.[1]?.trim();
    const [mirror, suites] = [field("URIs"), field("Suites")];
    if (mirror === undefined || suites === undefined || field("Enabled") === "no") return [];
    return mirror
      .split(/\s+/)
      .map((uri) => ({ mirror: uri, suites: suites.split(/\s+/), keyring: fileOnly(field("Signed-By")) }));
  });
}

function readLines(text: string): Source[] {
  return [...text.matchAll(/^deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)/gm)].map(([, options, mirror, suite]) => ({
    mirror: mirror ?? "",
    suites: [suite ?? ""],
    keyring: fileOnly(/signed-by=(\S+)/i.exec(options ?? "")?.[1]),
  }));
}

function fileOnly(value: string | undefined): string | undefined {
  return value?.startsWith("/") === true ? value : undefined;
}

function findKeyring(): string | undefined {
  return ["debian", "ubuntu"]
    .map((name) => `/usr/share/keyrings/${name}-archive-keyring.gpg`)
    .find((path) => existsSync(path));
}
