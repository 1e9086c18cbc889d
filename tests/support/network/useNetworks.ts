import { hostNetworkLifecycle } from "../../../provider/hostNetwork/hostNetworkLifecycle";
import type { HostNetworkOutputs } from "../../../provider/hostNetwork/hostNetworkContract";
import { findSshdObstacle } from "../sshd";
import { skipBecause } from "../skipBecause";
import { findWorldObstacle, makeNetworkWorld, type NetworkWorld } from "./networkWorld";

/** A network that stands, as the stack's state has it. */
export interface MadeNetwork {
  readonly id: string;
  /** Inputs and outputs together. */
  state: Record<string, unknown> & HostNetworkOutputs;
  /** Changes inputs as `pulumi up` does. */
  readonly update: (overrides?: Record<string, unknown>) => Promise<void>;
  /** Looks at it as `pulumi refresh` does. */
  readonly refresh: () => Promise<HostNetworkOutputs>;
  /** What the diff of the same inputs says: whether `pulumi up` would do something. */
  readonly hasChanges: () => Promise<boolean>;
  readonly remove: () => Promise<void>;
}

export interface UsedNetworks {
  readonly world: () => NetworkWorld;
  /** Makes a network on the world's host through the resource's lifecycle; it goes with the test. */
  readonly make: (overrides?: Record<string, unknown>) => Promise<MadeNetwork>;
  /** A name for a namespace of this world, which goes with it. */
  readonly netnsName: (suffix: string) => string;
}

/** A world for a suite, and networks in it; the tests are skipped where no world can be made. */
export function useNetworks(): UsedNetworks {
  let world: NetworkWorld | undefined;
  const made: MadeNetwork[] = [];
  before(async function () {
    skipBecause(this, findSshdObstacle() ?? findWorldObstacle());
    this.timeout(60_000);
    world = await makeNetworkWorld();
  });
  afterEach(async () => {
    await Promise.all(made.splice(0).map((network) => network.remove()));
  });
  after(async () => {
    await world?.remove();
  });
  const current = (): NetworkWorld => {
    if (world === undefined) throw new Error("there is no world yet");
    return world;
  };
  return {
    world: current,
    netnsName: (suffix) => `${current().prefix}-${suffix}`,
    make: async (overrides = {}) => {
      const network = await makeNetwork(current(), overrides);
      made.push(network);
      return network;
    },
  };
}

/** Checks inputs and creates a network of them; whatever fails is an error of the lifecycle's. */
export async function makeNetwork(
  world: NetworkWorld,
  overrides: Record<string, unknown>,
): Promise<MadeNetwork> {
  const raw = { connection: world.connection(), stableKey: "o/p/s/HostNetwork/n", ...overrides };
  const inputs = await checkInputs({}, raw);
  const created: { id: string; outs?: unknown } = await hostNetworkLifecycle.create(inputs);
  let declared = raw;
  const network: MadeNetwork = {
    id: created.id,
    state: created.outs as MadeNetwork["state"],
    update: async (changes = {}) => {
      declared = { ...declared, ...changes };
      const news = await checkInputs(network.state, declared);
      const updated: { outs?: unknown } = await hostNetworkLifecycle.update(network.id, network.state, news);
      network.state = updated.outs as MadeNetwork["state"];
    },
    refresh: async () => {
      const seen: { props?: unknown } = await hostNetworkLifecycle.read(network.id, network.state);
      network.state = seen.props as MadeNetwork["state"];
      return network.state;
    },
    hasChanges: async () => {
      const news = await checkInputs(network.state, declared);
      const answer: { changes?: boolean } = await hostNetworkLifecycle.diff(network.id, network.state, news);
      return answer.changes === true;
    },
    remove: () => hostNetworkLifecycle.delete(network.id, network.state),
  };
  return network;
}

async function checkInputs(olds: object, raw: object): Promise<Record<string, unknown>> {
  const checked: { inputs?: unknown; failures?: { reason: string }[] } = await hostNetworkLifecycle.check(
    olds,
    raw,
  );
  const reasons = (checked.failures ?? []).map(({ reason }) => reason);
  if (reasons.length > 0) throw new Error(reasons.join("\n"));
  return checked.inputs as Record<string, unknown>;
}
