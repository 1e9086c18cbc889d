import { randomBytes } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { withLoginDefaults } from "../connection/withLoginDefaults";
import { ConnectionLostError } from "../errors/connectionLostError";
import { HostUnreachableError } from "../errors/hostUnreachableError";
import { IncompleteError } from "../errors/incompleteError";
import { LeftBehindError } from "../errors/leftBehindError";
import { RemoteTimeoutError } from "../errors/remoteTimeoutError";
import { undoWithEngine } from "../forward/endWithEngine";
import type { Lifecycle } from "../forward/lifecycle";
import { withHost } from "../ssh/hostPool";
import { findChanges } from "../validation/findChanges";
import { keepStableKey } from "../validation/keepStableKey";
import { validateInputs } from "../validation/validateInputs";
import type { ChangeEffect, HostInputs } from "./hostInputs";
import type { HostResourceKind } from "./hostResourceKind";

/** The life of a resource on a host: check, diff, create, read, update and delete as Pulumi calls them. */
export function createHostLifecycle<Inputs extends Omit<HostInputs, "ownUrn">, Outputs extends object>(
  kind: HostResourceKind<Inputs, Outputs>,
): Lifecycle {
  type State = Inputs & Outputs;
  /** State written by any version of this package: options that it did not know get their defaults. */
  const parseState = (raw: unknown): State => ({
    ...kind.schema.parse(raw),
    ...kind.outputsSchema.parse(raw),
  });
  /** During a preview an input may be unknown; then the raw inputs are compared, and an unknown value is a change. */
  const normalise = (raw: unknown): object => kind.schema.safeParse(raw).data ?? (raw as object);
  const changesBetween = (olds: object, news: object): { property: string; effect: ChangeEffect }[] =>
    findChanges(kind.changes, withLoginDefaults(olds), withLoginDefaults(news));

  function check(olds: unknown, news: unknown): Promise<dynamic.CheckResult> {
    const raw = keepStableKey(olds, news);
    const { inputs, failures } = validateInputs(kind.schema, kind.crossChecks, raw);
    return Promise.resolve({ inputs: inputs ?? raw, failures });
  }

  function diff(_id: string, olds: unknown, news: unknown): Promise<dynamic.DiffResult> {
    const state = parseState(olds);
    const changes = changesBetween(state, normalise(news));
    const replaces = changes
      .filter(({ effect }) => effect === "replace")
      .map(({ property }) => rootOf(property));
    return Promise.resolve({
      changes: changes.length > 0 || kind.hasDrifted(state),
      replaces: [...new Set(replaces)],
      deleteBeforeReplace: true,
    });
  }

  async function create(rawInputs: unknown): Promise<dynamic.CreateResult> {
    const inputs = kind.schema.parse(rawInputs);
    const instanceId = newInstanceId();
    try {
      const outputs = await createOnHost(inputs, instanceId);
      return { id: instanceId, outs: { ...inputs, ...outputs } };
    } catch (error) {
      const isUnknown = error instanceof ConnectionLostError || error instanceof RemoteTimeoutError;
      if (!isUnknown && kind.isKeptAfter?.(error) !== true) throw error;
      // It may be there by now: what stays in the state lets the next `pulumi up` find it and a destroy remove it.
      const outputs = kind.describeUnknown(inputs);
      throw new IncompleteError(instanceId, { ...inputs, ...outputs }, rawInputs, error);
    }
  }

  function createOnHost(inputs: Inputs, instanceId: string): Promise<Outputs> {
    const abandoned = new AbortController();
    const { signal } = abandoned;
    const making = withHost(inputs.connection, (host) => kind.ensure(host, inputs, { instanceId, signal }));
    if (kind.isTakenBack?.(inputs) !== true) return making;
    const takeBack = async (): Promise<void> => {
      const state = { ...inputs, ...kind.describeUnknown(inputs) };
      await withHost(inputs.connection, (host) => kind.remove(host, state, instanceId));
    };
    return undoWithEngine(making, async () => {
      abandoned.abort(new Error("The Pulumi engine has died."));
      // First so that what is waited for there ends, then for what came to be meanwhile.
      await takeBack().catch(() => undefined);
      await making.catch(() => undefined);
      await takeBack();
    });
  }

  async function update(id: string, olds: unknown, news: unknown): Promise<dynamic.UpdateResult> {
    const state = parseState(olds);
    const inputs = kind.schema.parse(news);
    const needsHost =
      changesBetween(state, inputs).some(({ effect }) => effect !== "record") || kind.hasDrifted(state);
    if (!needsHost) return { outs: { ...inputs, ...kind.outputsSchema.parse(state) } };
    const outputs = await withHost(inputs.connection, (host) =>
      kind.ensure(host, inputs, { instanceId: id, state }),
    );
    return { outs: { ...inputs, ...outputs } };
  }

  /** What is gone keeps its id: without it the next `pulumi up` would not know what it had made. */
  async function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
    const state = parseState(props);
    const outputs = await withHost(state.connection, (host) => kind.observe(host, state, id));
    return { id, props: { ...state, ...outputs } };
  }

  async function remove(id: string, props: unknown): Promise<void> {
    const state = parseState(props);
    try {
      const warnings = await withHost(state.connection, (host) => kind.remove(host, state, id));
      warnings.forEach(warn);
    } catch (error) {
      if (!(error instanceof HostUnreachableError)) throw error;
      if (!state.deleteUnreachable) throw new LeftBehindError(kind.noun, kind.removeVerb ?? "remove", error);
      warn(`${error.message} As \`deleteUnreachable\` is set, ${kind.noun} counts as deleted.`);
    }
  }

  return { check, diff, create, read, update, delete: remove };
}

/** Names one creation of a thing on a host, so that only that one is ever changed or removed. */
export function newInstanceId(): string {
  return `fc-${randomBytes(8).toString("hex")}`;
}

/** What a provider prints stands among the CLI's diagnostics at the end. */
function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

function rootOf(property: string): string {
  return property.split(".")[0] ?? property;
}
