import { ConnectionLostError } from "../errors/connectionLostError";
import { ControlTimedOutError } from "../errors/controlTimedOutError";
import { HostUnreachableError } from "../errors/hostUnreachableError";
import { RemoteTimeoutError } from "../errors/remoteTimeoutError";
import { ControlChannelClosedError } from "../taskServer/controlChannel";
import { isRefusal } from "../taskServer/controlClient";

/** Refused credentials and wrong keys are none of these. */
const passingErrors = [
  ConnectionLostError,
  ControlChannelClosedError,
  ControlTimedOutError,
  HostUnreachableError,
  RemoteTimeoutError,
];

/** Tells what passes by itself while a host or its network restarts. */
export function isPassing(error: unknown): boolean {
  // The last one: a server's worker crashes again and again, and its supervisor makes longer and longer pauses.
  return passingErrors.some((passing) => error instanceof passing) || isRefusal(error, "not_answering");
}
