import * as z from "zod";
import { FirecrackerAnswerError } from "../errors/firecrackerAnswerError";
import { FirecrackerFaultError } from "../errors/firecrackerFaultError";
import {
  firecrackerVersionSchema,
  type FullVmConfiguration,
  fullVmConfigurationSchema,
  type InstanceInfo,
  instanceInfoSchema,
  machineConfigurationSchema,
  type SeenMachineConfiguration,
} from "./apiAnswers";
import type * as bodies from "./apiBodies";
import type { ApiAnswer, ApiCallOptions, ApiConnection } from "./apiConnection";

/** `fault_message` is the API's own; `error` comes from its HTTP server, for a request that it cannot read. */
const faultSchema = z.object({ fault_message: z.string() }).or(z.object({ error: z.string() }));

/** What MMDS holds may be secret, and a fault may repeat what was sent. */
const secretPath = "/mmds";

const secretHint =
  "Firecracker's own words are not shown, since they may repeat secret data. The data has to be a JSON object, and has " +
  "to fit in Firecracker's limit (51200 bytes by default).";

/** The calls of Firecracker's API. Each is bounded by the conversation's time-out, or by its own. */
export class FirecrackerApi {
  public constructor(
    private readonly connection: ApiConnection,
    private readonly host: string,
    private readonly defaults: ApiCallOptions,
  ) {}

  /** Asks for something; the answer is checked by whoever uses it. */
  public async get(path: string, options?: Partial<ApiCallOptions>): Promise<unknown> {
    const { text } = await this.call("GET", path, undefined, options);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new FirecrackerAnswerError(this.host, { method: "GET", path }, "its answer is not JSON", error);
    }
  }

  public async put(path: string, body: object, options?: Partial<ApiCallOptions>): Promise<void> {
    await this.call("PUT", path, body, options);
  }

  public async patch(path: string, body: object, options?: Partial<ApiCallOptions>): Promise<void> {
    await this.call("PATCH", path, body, options);
  }

  public describeInstance(): Promise<InstanceInfo> {
    return this.read("/", instanceInfoSchema);
  }

  /** The version of the Firecracker that runs, such as 1.13.1. */
  public async getVersion(): Promise<string> {
    return (await this.read("/version", firecrackerVersionSchema)).firecracker_version;
  }

  public getMachineConfig(): Promise<SeenMachineConfiguration> {
    return this.read("/machine-config", machineConfigurationSchema);
  }

  public getVmConfig(): Promise<FullVmConfiguration> {
    return this.read("/vm/config", fullVmConfigurationSchema);
  }

  public putMachineConfig(body: bodies.MachineConfiguration): Promise<void> {
    return this.put("/machine-config", body);
  }

  public putCpuConfig(body: bodies.CpuConfig): Promise<void> {
    return this.put("/cpu-config", body);
  }

  public putBootSource(body: bodies.BootSource): Promise<void> {
    return this.put("/boot-source", body);
  }

  public putDrive(body: bodies.Drive): Promise<void> {
    return this.put(withId("/drives", body.drive_id), body);
  }

  public patchDrive(body: bodies.PartialDrive): Promise<void> {
    return this.patch(withId("/drives", body.drive_id), body);
  }

  public putNetworkInterface(body: bodies.NetworkInterface): Promise<void> {
    return this.put(withId("/network-interfaces", body.iface_id), body);
  }

  public patchNetworkInterface(body: bodies.PartialNetworkInterface): Promise<void> {
    return this.patch(withId("/network-interfaces", body.iface_id), body);
  }

  public putVsock(body: bodies.Vsock): Promise<void> {
    return this.put("/vsock", body);
  }

  public putEntropy(body: bodies.EntropyDevice): Promise<void> {
    return this.put("/entropy", body);
  }

  public putBalloon(body: bodies.Balloon): Promise<void> {
    return this.put("/balloon", body);
  }

  public patchBalloon(body: { amount_mib: number }): Promise<void> {
    return this.patch("/balloon", body);
  }

  public patchBalloonStatistics(body: { stats_polling_interval_s: number }): Promise<void> {
    return this.patch("/balloon/statistics", body);
  }

  public putMmdsConfig(body: bodies.MmdsConfig): Promise<void> {
    return this.put("/mmds/config", body);
  }

  /** Replaces what MMDS holds. It may be secret: no error shows anything of it. */
  public putMmds(data: object): Promise<void> {
    return this.put(secretPath, data);
  }

  /** Merges into what MMDS holds (RFC 7396); no error shows anything of it. */
  public patchMmds(data: object): Promise<void> {
    return this.patch(secretPath, data);
  }

  public getMmds(): Promise<unknown> {
    return this.get(secretPath);
  }

  public putLogger(body: bodies.Logger): Promise<void> {
    return this.put("/logger", body);
  }

  public putMetrics(body: bodies.Metrics): Promise<void> {
    return this.put("/metrics", body);
  }

  public act(actionType: bodies.ActionType): Promise<void> {
    return this.put("/actions", { action_type: actionType });
  }

  public setVmState(state: "Paused" | "Resumed"): Promise<void> {
    return this.patch("/vm", { state });
  }

  /** The VM has to be paused. It takes as long as it takes to write the memory out. */
  public createSnapshot(body: bodies.SnapshotCreateParams, options?: Partial<ApiCallOptions>): Promise<void> {
    return this.put("/snapshot/create", body, options);
  }

  public loadSnapshot(body: bodies.SnapshotLoadParams, options?: Partial<ApiCallOptions>): Promise<void> {
    return this.put("/snapshot/load", body, options);
  }

  private async read<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await this.get(path));
    if (parsed.success) return parsed.data;
    const reason = `its answer is not as described: ${z.prettifyError(parsed.error)}`;
    throw new FirecrackerAnswerError(this.host, { method: "GET", path }, reason);
  }

  private async call(
    method: string,
    path: string,
    body: object | undefined,
    options?: Partial<ApiCallOptions>,
  ): Promise<ApiAnswer> {
    const answer = await this.connection.call(method, path, body, { ...this.defaults, ...options });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const isSecret = path === secretPath && body !== undefined;
    throw new FirecrackerFaultError(
      this.host,
      { method, path },
      {
        status: answer.status,
        ...(isSecret ? { hint: secretHint } : { faultMessage: readFault(answer.text) }),
      },
    );
  }
}

/** Ids are letters, digits and underscores there; anything else must not become another path. */
function withId(path: string, id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}

function readFault(text: string): string | undefined {
  try {
    const fault = faultSchema.safeParse(JSON.parse(text)).data;
    if (fault === undefined) return undefined;
    return "fault_message" in fault ? fault.fault_message : fault.error;
  } catch {
    return undefined;
  }
}
