import { execFileSync } from "node:child_process";
import { accessSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import type { GuestAgentScript } from "../../provider/guestRootfs/guestAgentScript";
import { guestRootfsSchema, type GuestRootfsInputs } from "../../provider/guestRootfs/guestRootfsContract";
import { specifyImage } from "../../provider/guestRootfs/imageSpec";
import { runHostProgram } from "../../provider/hostProgram/runHostProgram";
import { withHost } from "../../provider/ssh/hostPool";
import { stateRoot } from "../support/namespace";
import { findSshdObstacle, startSshd, type Sshd } from "../support/sshd";
import { type Distribution, findDistribution } from "./distribution";
import { type NodeArchive, serveNodeArchive } from "./nodeArchive";

const tools = ["debootstrap", "mkfs.ext4", "debugfs", "e2fsck", "gpgv", "xz"];
const buildSeconds = 240;

export interface Made {
  readonly action: string;
  readonly seconds: number;
  readonly progress: readonly string[];
}

/** This machine as a host that builds images of its own distribution, behind an sshd. */
export class ImageBench {
  public readonly name = `fct-${process.pid}`;
  public readonly folder = join(stateRoot, "images", this.name);
  public readonly image = join(this.folder, "rootfs.ext4");

  private constructor(
    public readonly sshd: Sshd,
    private readonly node: NodeArchive,
    private readonly distribution: Distribution,
  ) {}

  /** Opens it, or says why no image can be built here. */
  public static async open(): Promise<ImageBench | { obstacle: string }> {
    const obstacle = findSshdObstacle() ?? findToolObstacle();
    if (obstacle !== undefined) return { obstacle };
    const distribution = await findDistribution();
    if ("obstacle" in distribution) return distribution;
    let node: NodeArchive;
    try {
      node = await serveNodeArchive();
    } catch (error) {
      const [reason = ""] = String(error).split("\n");
      return { obstacle: `Node.js cannot be had from the npm registry: ${reason}` };
    }
    return new ImageBench(await startSshd(), node, distribution);
  }

  /** Inputs as they arrive in the provider. */
  public rawInputs(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      connection: this.sshd.connection(),
      stableKey: `test/${this.name}`,
      name: this.name,
      ...this.distribution,
      components: ["main"],
      nodeUrl: this.node.url,
      nodeSha256: this.node.sha256,
      npmRegistry: execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim(),
      sizeMib: 1536,
      timeoutSeconds: buildSeconds,
      ...overrides,
    };
  }

  public inputs(overrides: Readonly<Record<string, unknown>> = {}): GuestRootfsInputs {
    return guestRootfsSchema.parse(this.rawInputs(overrides));
  }

  /** Brings the image to what the inputs say, as the resource does, and tells how that went. */
  public async ensure(
    overrides: Readonly<Record<string, unknown>> = {},
    agent?: GuestAgentScript,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<Made> {
    const inputs = this.inputs(overrides);
    const progress: string[] = [];
    const startedAt = performance.now();
    const answer = await withHost(connectionSchema.parse(this.sshd.connection()), (host) =>
      runHostProgram(host, {
        what: "Could not make the guest's image",
        op: "rootfs.ensure",
        args: {
          name: this.name,
          owner: inputs.stableKey,
          instanceId: "made-by-the-test",
          timeoutSeconds: inputs.timeoutSeconds,
          spec: specifyImage(inputs, agent),
        },
        timeoutMs: inputs.timeoutSeconds * 1000,
        onProgress: (text) => {
          progress.push(text);
          onProgress(text);
        },
      }),
    );
    const { action } = answer as { action: string };
    return { action, seconds: (performance.now() - startedAt) / 1000, progress };
  }

  /** What debugfs says about the image. */
  public debugfs(command: string): string {
    return execFileSync("debugfs", ["-R", command, this.image], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 20_000,
    });
  }

  /** The names in a folder of the image. */
  public list(folder: string): string[] {
    const rows = this.debugfs(`ls -p ${folder}`).split("\n");
    return rows.map((row) => row.split("/")[5] ?? "").filter((name) => !["", ".", ".."].includes(name));
  }

  /** Processes that work in the image's folder, by what they see mounted there or have among their arguments. */
  public listBuilders(): number[] {
    return listPids().filter(
      (pid) =>
        readProc(pid, "mountinfo").includes(this.folder) || readProc(pid, "cmdline").includes(this.folder),
    );
  }

  /** The host program that builds, and the process of sshd that it belongs to. */
  public findBuild(): { program: number; session: number } | undefined {
    for (const builder of this.listBuilders()) {
      let [pid, parent] = [builder, parentOf(builder)];
      while (parent > 1 && !readProc(parent, "comm").startsWith("sshd"))
        [pid, parent] = [parent, parentOf(parent)];
      if (parent > 1) return { program: pid, session: parent };
    }
    return undefined;
  }

  public async close(): Promise<void> {
    await this.node.close();
    await this.sshd.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/root`) && readProc(pid, "stat").split(") ")[1]?.startsWith("Z") === false;
}

/** Whether a process has mounts that this one does not see. */
export function hasOwnMounts(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync("/proc/self/ns/mnt");
  } catch {
    return false;
  }
}

function findToolObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "building an image needs root";
  const folders = (process.env.PATH ?? "").split(":").concat("/sbin", "/usr/sbin");
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  return missing.length === 0 ? undefined : `building an image needs ${missing.join(", ")}`;
}

function listPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  return Number(/\nPPid:\s+(\d+)/.exec(readProc(pid, "status"))?.[1] ?? 0);
}

function readProc(pid: number, file: string): string {
  try {
    accessSync(`/proc/${pid}`);
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
