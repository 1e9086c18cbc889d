import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { IncompleteError } from "../../provider/errors/incompleteError";
import { firecrackerHostLifecycle } from "../../provider/firecrackerHost/firecrackerHostLifecycle";
import { defaultVersion } from "../../provider/firecrackerHost/releases";
import type { Finding } from "../../provider/firecrackerHost/finding";
import { stateRoot } from "../support/namespace";
import type { SshdConnection } from "../support/sshd";

export type Outputs = Record<string, unknown> & {
  status: string;
  firecrackerPath: string;
  jailerPath?: string;
  kernelPath?: string;
  findings: Finding[];
};

/** A `FirecrackerHost` on the test's host, driven as Pulumi drives it. */
export interface Installed {
  readonly id: string;
  state: Outputs;
  update(overrides?: Record<string, unknown>): Promise<Outputs>;
  read(): Promise<Outputs>;
  wantsUpdate(): Promise<boolean>;
  remove(): Promise<void>;
}

/** Tells why the folders on the host cannot be looked at; `undefined` where they can. */
export function findRootObstacle(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "only root can look into the folders of the host";
}

let counter = 0;
const made: Installed[] = [];

/** Creates one. What a test has created goes with `removeInstalled`. */
export async function install(
  connection: SshdConnection,
  overrides: Record<string, unknown>,
): Promise<Installed> {
  counter += 1;
  const stableKey = `organization/project/stack-${process.pid}-${counter}/FirecrackerHost/firecracker`;
  const raw = { connection, stableKey, requireKvm: false, ...overrides };
  try {
    const { id, outs } = (await firecrackerHostLifecycle.create(raw)) as { id: string; outs: Outputs };
    return adopt(id, outs, raw);
  } catch (error) {
    if (error instanceof IncompleteError) adopt(error.id, error.properties);
    throw error;
  }
}

/** Goes on with one that is in a state, whatever its creation came to. */
export function adopt(
  id: string,
  state: Record<string, unknown>,
  inputs: Record<string, unknown> = state,
): Installed {
  let raw = inputs;
  const installed: Installed = {
    id,
    state: state as Outputs,
    update: async (changes = {}) => {
      raw = { ...raw, ...changes };
      const { outs } = (await firecrackerHostLifecycle.update(id, installed.state, raw)) as { outs: Outputs };
      installed.state = outs;
      return outs;
    },
    read: async () => {
      const { props } = (await firecrackerHostLifecycle.read(id, installed.state)) as { props: Outputs };
      installed.state = props;
      return props;
    },
    wantsUpdate: async () => (await firecrackerHostLifecycle.diff(id, installed.state, raw)).changes === true,
    remove: () => firecrackerHostLifecycle.delete(id, installed.state),
  };
  made.push(installed);
  return installed;
}

/** Removes all that the tests so far have created. */
export async function removeInstalled(): Promise<void> {
  for (const installed of made.splice(0)) await installed.remove();
}

/** Folders on the host whose record names an instance. */
export function listFoldersOf(instanceId: string): string[] {
  return ["firecracker", "kernels"]
    .flatMap((topic) => listFolder(join(stateRoot, topic)))
    .filter((folder) => readText(join(folder, "record.json")).includes(instanceId));
}

/** What lies in the folder of a file on the host. */
export function listBeside(path: string): string[] {
  return existsSync(dirname(path)) ? readdirSync(dirname(path)).sort() : [];
}

/** Where an archive, or the programs, of these sums are kept: nobody else has the same. */
export function engineFolder(sums: Record<string, string>, version = defaultVersion): string {
  const text = Object.entries(sums).map(([name, sha256]) => `${name} ${sha256}\n`);
  const digest = createHash("sha256").update(text.join("")).digest("hex");
  return join(stateRoot, "firecracker", `${version}-${digest.slice(0, 12)}`);
}

/** Where a kernel is kept. */
export function kernelFolder(sha256: string): string {
  return join(stateRoot, "kernels", sha256.slice(0, 16));
}

function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
