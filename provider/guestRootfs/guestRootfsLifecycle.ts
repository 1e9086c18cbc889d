import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import {
  guestRootfsChanges,
  guestRootfsCrossChecks,
  type GuestRootfsInputs,
  type GuestRootfsOutputs,
  guestRootfsOutputsSchema,
  guestRootfsSchema,
} from "./guestRootfsContract";
import { describeImage, ensureImage, observeImage, removeImage } from "./guestRootfsWork";
import { contentHashOf, specifyImage } from "./imageSpec";

/** The life of a `GuestRootfs`: check, diff, create, read, update and delete as Pulumi calls them. */
export const guestRootfsLifecycle = createHostLifecycle<GuestRootfsInputs, GuestRootfsOutputs>({
  noun: "the guest's image",
  schema: guestRootfsSchema,
  outputsSchema: guestRootfsOutputsSchema,
  crossChecks: guestRootfsCrossChecks,
  changes: guestRootfsChanges,
  // Another guest agent, in a newer version of this package, is a drift too.
  hasDrifted: (state) =>
    state.status !== "present" || state.contentHash !== contentHashOf(specifyImage(state)),
  ensure: ensureImage,
  observe: observeImage,
  remove: removeImage,
  describeUnknown: (inputs) => describeImage(inputs),
});
