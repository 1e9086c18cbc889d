import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { microVmLifecycle } from "../../provider/microVm/microVmLifecycle";
import { microVmOutputsSchema, type MicroVmOutputs } from "../../provider/microVm/microVmContract";
import { stateRoot } from "../support/namespace";

type Raw = Record<string, unknown>;

/** A `MicroVm` as Pulumi drives it: each step takes the state that the one before has left. */
export class TestedVm {
  private id = "";
  private state: Raw = {};

  private constructor(private readonly inputs: Raw) {}

  /** Checks the inputs, which have to be right; nothing is made yet. */
  public static async declare(raw: Raw): Promise<TestedVm> {
    return new TestedVm(await checked(raw));
  }

  /** Makes it, under the given id where an earlier creation was interrupted. */
  public async create(): Promise<MicroVmOutputs> {
    const created = await microVmLifecycle.create(this.inputs);
    this.id = created.id;
    this.state = created.outs as Raw;
    return this.outputs;
  }

  /** Takes over what a creation has left of which no answer came. */
  public adopt(id: string, state: Raw = this.inputs): void {
    this.id = id;
    this.state = { status: "absent", vmId: "", ...state };
  }

  public get outputs(): MicroVmOutputs {
    return microVmOutputsSchema.parse(this.state);
  }

  public get instanceId(): string {
    return this.id;
  }

  /** The folder of its records on the host. */
  public get folder(): string {
    return join(stateRoot, "vms", this.outputs.vmId);
  }

  public async read(): Promise<MicroVmOutputs> {
    const answer = await microVmLifecycle.read(this.id, this.state);
    this.state = answer.props as Raw;
    return this.outputs;
  }

  public async diff(
    changes: Raw = {},
  ): Promise<{ changes: boolean | undefined; replaces: string[] | undefined }> {
    const news = await checked({ ...this.inputs, ...changes });
    const answer = await microVmLifecycle.diff(this.id, this.state, news);
    return { changes: answer.changes, replaces: answer.replaces };
  }

  public async update(changes: Raw = {}): Promise<MicroVmOutputs> {
    Object.assign(this.inputs, await checked({ ...this.inputs, ...changes }));
    const updated = await microVmLifecycle.update(this.id, this.state, this.inputs);
    this.state = updated.outs as Raw;
    return this.outputs;
  }

  public async remove(): Promise<void> {
    if (this.id !== "") await microVmLifecycle.delete(this.id, this.state);
  }

  /** All that it has printed and that is kept. */
  public readSerial(): string {
    const names = ["serial.head.log", "serial.1.log", "serial.log"].map((name) => join(this.folder, name));
    return names.map((name) => (existsSync(name) ? readFileSync(name, "utf8") : "")).join("");
  }
}

async function checked(raw: Raw): Promise<Raw> {
  const answer = await microVmLifecycle.check({}, raw);
  assert.deepEqual(answer.failures, []);
  return answer.inputs as Raw;
}

export function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
