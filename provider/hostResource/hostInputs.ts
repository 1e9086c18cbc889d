import * as z from "zod";
import { connectionSchema } from "../connection/connectionSchema";
import { flag } from "../validation/flag";

/** The inputs that all resources on a host have. */
export const hostInputsShape = {
  connection: connectionSchema,
  /** A destroy succeeds although the host cannot be reached. */
  deleteUnreachable: flag("deleteUnreachable", false),
  /** What another stack owns is made this stack's. */
  takeOver: flag("takeOver", false),
  /** Set by the constructor and kept from the first creation on: it says whose the thing on the host is. */
  stableKey: z.string().min(1),
  /** Where the resource stands in `pulumi up`'s display. Pulumi sends no input that is named `urn`. */
  ownUrn: z.string().optional(),
};

export type HostInputs = z.infer<z.ZodObject<typeof hostInputsShape>>;

/** The rows of the diff table that all resources on a host have. */
export const hostInputsChanges = {
  "connection.host": "replace",
  "connection.port": "replace",
  "connection.user": "replace",
  "connection.sudo": "replace",
  connection: "record",
  deleteUnreachable: "record",
  takeOver: "record",
} as const;

/**
 * What a changed input means. `replace`: the thing on the host is another one, the old one is removed first. `sync`:
 * the thing there is brought to what is declared. `record`: kept in the state, the host is not contacted.
 */
export type ChangeEffect = "replace" | "sync" | "record";
