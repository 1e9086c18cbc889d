import type { dynamic } from "@pulumi/pulumi";
import { withLoginDefaults } from "../connection/withLoginDefaults";
import { ConnectionLostError } from "../errors/connectionLostError";
import { HostUnreachableError } from "../errors/hostUnreachableError";
import { FcAgentsError } from "../errors/fcAgentsError";
import { IncompleteError } from "../errors/incompleteError";
import { RemoteTimeoutError } from "../errors/remoteTimeoutError";
import type { Lifecycle } from "../forward/lifecycle";
import { withHost } from "../ssh/hostPool";
import { stopServer } from "../taskServer/runLoader";
import { observeServer } from "../taskServer/withControl";
import { findChanges } from "../validation/findChanges";
import { keepStableKey } from "../validation/keepStableKey";
import { validateInputs } from "../validation/validateInputs";
import {
  type ChangeEffect,
  fcTaskServerChanges,
  fcTaskServerCrossChecks,
  fcTaskServerOutputsSchema,
  fcTaskServerSchema,
  type FcTaskServerState,
} from "./fcTaskServerContract";
import {
  describeServer,
  identityOf,
  newInstanceId,
  reconcileServer,
  statusOfInstance,
} from "./reconcileServer";

const statusTimeoutMs = 30_000;

/** The life of an `FcTaskServer`: check, diff, create, read, update and delete as Pulumi calls them. */
export const fcTaskServerLifecycle: Lifecycle = { check, diff, create, read, update, delete: remove };

function check(olds: unknown, news: unknown): Promise<dynamic.CheckResult> {
  const raw = keepStableKey(olds, news);
  const { inputs, failures } = validateInputs(fcTaskServerSchema, fcTaskServerCrossChecks, raw);
  return Promise.resolve({ inputs: inputs ?? raw, failures });
}

function diff(_id: string, olds: unknown, news: unknown): Promise<dynamic.DiffResult> {
  const state = parseState(olds);
  const changes = changesBetween(state, normalise(news));
  const replaces = changes
    .filter(({ effect }) => effect === "replace")
    .map(({ property }) => rootOf(property));
  return Promise.resolve({
    changes: changes.length > 0 || hasDrifted(state) || state.isTaskPending,
    replaces: [...new Set(replaces)],
    deleteBeforeReplace: true,
  });
}

async function create(rawInputs: unknown): Promise<dynamic.CreateResult> {
  const inputs = fcTaskServerSchema.parse(rawInputs);
  const instanceId = newInstanceId();
  try {
    const outputs = await withHost(inputs.connection, (host) =>
      reconcileServer(host, inputs, { instanceId }),
    );
    return { id: instanceId, outs: { ...inputs, ...outputs } };
  } catch (error) {
    if (!(error instanceof ConnectionLostError || error instanceof RemoteTimeoutError)) throw error;
    // It may be running by now: what stays in the state lets the next `pulumi up` find it and a destroy stop it.
    const outputs = { ...describeServer(inputs, { status: "absent", uncollected: [] }), isTaskPending: true };
    throw new IncompleteError(instanceId, { ...inputs, ...outputs }, rawInputs, error);
  }
}

async function update(id: string, olds: unknown, news: unknown): Promise<dynamic.UpdateResult> {
  const state = parseState(olds);
  const inputs = fcTaskServerSchema.parse(news);
  const changes = changesBetween(state, inputs);
  const needsHost =
    changes.some(({ effect }) => effect !== "record") || hasDrifted(state) || state.isTaskPending;
  if (!needsHost) return { outs: { ...inputs, ...fcTaskServerOutputsSchema.parse(state) } };
  const outputs = await withHost(inputs.connection, (host) =>
    reconcileServer(host, inputs, { instanceId: id, state }),
  );
  return { outs: { ...inputs, ...outputs } };
}

/** Looks at the host. A server that is down keeps its id: without it the chain of task ids would be lost. */
async function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
  const state = parseState(props);
  const identity = identityOf(state);
  const seen = await withHost(state.connection, (host) =>
    observeServer(host, identity, { timeoutMs: statusTimeoutMs }),
  );
  const outputs = { ...describeServer(state, seen), status: statusOfInstance(seen, id) };
  return { id, props: { ...state, ...outputs } };
}

async function remove(id: string, props: unknown): Promise<void> {
  const state = parseState(props);
  try {
    const { uncollected } = await withHost(state.connection, (host) =>
      stopServer(host, { identity: identityOf(state), instanceId: id, remove: true }),
    );
    if (uncollected.length > 0) {
      warn(
        `${state.url}: removed with results that nobody had collected, of the tasks ${describeIds(uncollected)}`,
      );
    }
  } catch (error) {
    if (!(error instanceof HostUnreachableError)) throw error;
    if (!state.deleteUnreachable) throw new LeftBehindError(error);
    warn(`${error.message} As \`deleteUnreachable\` is set, the task server counts as deleted.`);
  }
}

/** A warning is to be read: of many ids the first ones will do. */
function describeIds(ids: readonly string[]): string {
  const shown = ids.slice(0, 10).join(", ");
  return ids.length <= 10 ? shown : `${shown} and ${ids.length - 10} more`;
}

/** Thrown by a destroy that cannot reach the host, since something may still run there. */
class LeftBehindError extends FcAgentsError {
  public constructor(cause: HostUnreachableError) {
    super({
      what: "Could not stop the task server",
      host: cause.host ?? "its host",
      reason: cause.reason,
      hint: "If the host is gone for good, run `pulumi up` with `deleteUnreachable: true` (it touches no host), then destroy.",
      cause,
    });
  }
}

function changesBetween(olds: object, news: object): { property: string; effect: ChangeEffect }[] {
  return findChanges(fcTaskServerChanges, withLoginDefaults(olds), withLoginDefaults(news));
}

/** What a provider prints stands among the CLI's diagnostics at the end. */
function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

function hasDrifted(state: FcTaskServerState): boolean {
  return state.status !== (state.running ? "running" : "stopped");
}

/** State written by any version of this package: options that it did not know get their defaults. */
function parseState(raw: unknown): FcTaskServerState {
  return fcTaskServerSchema.and(fcTaskServerOutputsSchema).parse(raw);
}

/** During a preview an input may be unknown; then the raw inputs are compared, and an unknown value is a change. */
function normalise(raw: unknown): object {
  const parsed = fcTaskServerSchema.safeParse(raw);
  return parsed.success ? parsed.data : (raw as object);
}

function rootOf(property: string): string {
  return property.split(".")[0] ?? property;
}
