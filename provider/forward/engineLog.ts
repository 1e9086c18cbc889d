import { createRequire } from "node:module";
import type * as grpc from "@grpc/grpc-js";
import type * as engineService from "@pulumi/pulumi/proto/engine_grpc_pb";
import type * as engineMessages from "@pulumi/pulumi/proto/engine_pb";
import { findEngineAddress } from "./endWithEngine";

/** How long the engine may take to note a line before nobody waits for it any more, in milliseconds. */
const deadlineMs = 2000;

interface EngineLog {
  show: (urn: string, text: string) => void;
}

let log: EngineLog | undefined;

/**
 * Shows a text on a resource's own line while `pulumi up` works on it. It is a courtesy: where the engine cannot be
 * told, nothing happens. Outside of a provider process there is no engine.
 */
export function showOnResourceLine(urn: string | undefined, text: string): void {
  if (urn === undefined) return;
  log ??= connectLog(process.argv);
  log.show(urn, text);
}

function connectLog(argv: readonly string[]): EngineLog {
  const address = findEngineAddress(argv);
  if (address === undefined) return { show: () => undefined };
  try {
    return makeLog(`${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`);
  } catch {
    // Another version of Pulumi, with its parts in other places.
    return { show: () => undefined };
  }
}

function makeLog(address: string): EngineLog {
  // The engine's protocol and its transport belong to @pulumi/pulumi, which may have them in a folder of its own.
  const load = createRequire(createRequire(__filename).resolve("@pulumi/pulumi"));
  const { credentials, Metadata } = load("@grpc/grpc-js") as typeof grpc;
  const { EngineClient } = load("@pulumi/pulumi/proto/engine_grpc_pb") as typeof engineService;
  const { LogRequest, LogSeverity } = load("@pulumi/pulumi/proto/engine_pb") as typeof engineMessages;
  const client = new EngineClient(address, credentials.createInsecure());
  return {
    show: (urn, text) => {
      const request = new LogRequest();
      request.setSeverity(LogSeverity.INFO);
      request.setUrn(urn);
      request.setMessage(text);
      // Seen while the operation lasts, and not among the diagnostics at its end.
      request.setEphemeral(true);
      client.log(request, new Metadata(), { deadline: Date.now() + deadlineMs }, () => undefined);
    },
  };
}
