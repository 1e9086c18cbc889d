/*
 * What the forwarding shims in the stacks' states load, as `pulumi-fc-agents/provider`. The names are a promise to
 * every state that was ever written.
 */
import { agentRunLifecycle } from "./agentRun/agentRunLifecycle";
import { fcTaskServerLifecycle } from "./fcTaskServer/fcTaskServerLifecycle";
import { firecrackerHostLifecycle } from "./firecrackerHost/firecrackerHostLifecycle";
import { endWithEngine } from "./forward/endWithEngine";
import type { Lifecycle, LifecycleName } from "./forward/lifecycle";
import { withPlainAnswers } from "./forward/withPlainAnswers";
import { guestRootfsLifecycle } from "./guestRootfs/guestRootfsLifecycle";
import { hostNetworkLifecycle } from "./hostNetwork/hostNetworkLifecycle";
import { microVmLifecycle } from "./microVm/microVmLifecycle";
import { snapshotLifecycle } from "./snapshot/snapshotLifecycle";
import { snapshotBakeLifecycle } from "./snapshotBake/snapshotBakeLifecycle";

endWithEngine();

const lifecycles: Record<LifecycleName, Lifecycle> = {
  FcTaskServer: withPlainAnswers(fcTaskServerLifecycle),
  AgentRun: withPlainAnswers(agentRunLifecycle),
  GuestRootfs: withPlainAnswers(guestRootfsLifecycle),
  FirecrackerHost: withPlainAnswers(firecrackerHostLifecycle),
  HostNetwork: withPlainAnswers(hostNetworkLifecycle),
  MicroVm: withPlainAnswers(microVmLifecycle),
  Snapshot: withPlainAnswers(snapshotLifecycle),
  SnapshotBake: withPlainAnswers(snapshotBakeLifecycle),
};

export = lifecycles;
