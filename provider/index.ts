export type { ConnectionArgs, ProxyArgs } from "./connection/connectionArgs";
export { AgentRun, type AgentRunArgs } from "./agentRun/agentRun";
export type { ErrorKind } from "./agentRun/classifyFailure";
export { FcTaskServer, type FcTaskServerArgs } from "./fcTaskServer/fcTaskServer";
export type { ServerStatus } from "./fcTaskServer/fcTaskServerContract";
export type { TaskArgs } from "./fcTaskServer/taskArgs";
export type { TaskState } from "./taskServer/taskRecord";
