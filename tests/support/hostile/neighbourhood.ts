import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { makeNamespace, type Namespace } from "../namespace";

const run = promisify(execFile);

const reportSchema = z.object({ isConnected: z.boolean(), received: z.string(), error: z.string() });
export type StrangerReport = z.infer<typeof reportSchema>;

/** An address on the TAP device that is the server's own, beside the TAP address. */
export const secondaryAddress = "172.16.0.200";
/** An address of the guests' subnet that the neighbour on the other device has taken. */
export const stolenAddress = "172.16.0.99";
/** An address on the guests' link that is in no subnet of the server. */
export const foreignAddress = "10.66.0.5";
/** The neighbour's own address, and the server's on that link. */
export const neighbourAddress = "10.9.0.2";
const otherAddress = "10.9.0.1";

export interface Whence {
  /** Name of the network namespace. */
  netns: string;
  source?: string;
  isFreebind?: boolean;
}

/**
 * A server's namespace with a guest, and with a neighbour on another device who routes to the TAP address. Routes back
 * are there, so that nothing but the server itself keeps the strangers out.
 */
export class Neighbourhood {
  private constructor(
    public readonly server: Namespace,
    private readonly other: Namespace,
  ) {}

  public get neighbourName(): string {
    return this.other.guestName;
  }

  /** A namespace that has no way to the server's. */
  public get unrelatedName(): string {
    return this.other.name;
  }

  public static async make(): Promise<Neighbourhood> {
    const server = await makeNamespace();
    const other = await makeNamespace({ tapIp: "10.77.0.1" });
    const area = new Neighbourhood(server, other);
    try {
      await area.link();
      return area;
    } catch (error) {
      await area.remove();
      throw error;
    }
  }

  /** Runs the stranger there and tells what it has learnt. */
  public async tryFrom({ netns, source, isFreebind = false }: Whence, port: number): Promise<StrangerReport> {
    const script = join(__dirname, "stranger.py");
    const args = [this.server.tapIp, String(port), ...(source === undefined ? [] : [source])];
    const command = [
      "netns",
      "exec",
      netns,
      "python3",
      "-I",
      script,
      ...args,
      ...(isFreebind ? ["freebind"] : []),
    ];
    const { stdout } = await run("ip", command, { timeout: 20_000, cwd: "/" });
    return reportSchema.parse(JSON.parse(stdout));
  }

  public async remove(): Promise<void> {
    await Promise.all([this.server.remove(), this.other.remove()]);
  }

  private async link(): Promise<void> {
    const { name, guestName, tapDevice } = this.server;
    const far = this.neighbourName;
    await run("ip", [
      "-n",
      name,
      "link",
      "add",
      "other0",
      "type",
      "veth",
      "peer",
      "name",
      "near0",
      "netns",
      far,
    ]);
    for (const [netns, ...args] of [
      [name, "address", "add", `${otherAddress}/24`, "dev", "other0"],
      [name, "link", "set", "other0", "up"],
      [name, "route", "add", `${stolenAddress}/32`, "dev", "other0"],
      [name, "route", "add", "10.66.0.0/24", "dev", tapDevice],
      [name, "address", "add", `${secondaryAddress}/24`, "dev", tapDevice],
      [far, "address", "add", `${neighbourAddress}/24`, "dev", "near0"],
      [far, "address", "add", `${stolenAddress}/32`, "dev", "near0"],
      [far, "link", "set", "near0", "up"],
      [far, "route", "add", `${this.server.tapIp}/32`, "via", otherAddress],
      [guestName, "address", "add", `${foreignAddress}/32`, "dev", "eth0"],
    ] as const) {
      await run("ip", ["-n", netns, ...args]);
    }
    // Without them the kernel drops the neighbour's packets before any server could.
    for (const device of ["all", "other0", tapDevice]) {
      await run("ip", [
        "netns",
        "exec",
        name,
        "sh",
        "-c",
        `echo 0 > /proc/sys/net/ipv4/conf/${device}/rp_filter`,
      ]);
    }
  }
}
