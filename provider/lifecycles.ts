/*
 * What the forwarding shims in the stacks' states load, as `pulumi-fc-agents/provider`. The names are a promise to
 * every state that was ever written.
 */
import { agentRunLifecycle } from "./agentRun/agentRunLifecycle";
import { fcTaskServerLifecycle } from "./fcTaskServer/fcTaskServerLifecycle";
import { endWithEngine } from "./forward/endWithEngine";
import type { Lifecycle, LifecycleName } from "./forward/lifecycle";
import { withPlainAnswers } from "./forward/withPlainAnswers";

endWithEngine();

const lifecycles = {
  FcTaskServer: withPlainAnswers(fcTaskServerLifecycle),
  AgentRun: withPlainAnswers(agentRunLifecycle),
} satisfies Partial<Record<LifecycleName, Lifecycle>>;

export = lifecycles;
