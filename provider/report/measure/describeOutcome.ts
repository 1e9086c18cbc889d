import type { Run } from "../read/run";

export interface Outcome {
  readonly kind: "succeeded" | "failed" | "unfinished";
  readonly label: string;
}

/** `subtype: "success"` also comes with failures, so `is_error` decides. */
export function describeOutcome({ result, isCutOff }: Run): Outcome {
  if (result === undefined) {
    return {
      kind: "unfinished",
      label: isCutOff ? "Unknown: the transcript was cut off" : "Unfinished: no result in the transcript",
    };
  }
  if (!result.isError) return { kind: "succeeded", label: "Succeeded" };
  return { kind: "failed", label: `Failed: ${reasonOf(result.subtype, result.apiErrorStatus)}` };
}

function reasonOf(subtype: string | undefined, apiErrorStatus: string | undefined): string {
  if (apiErrorStatus !== undefined) return `the model API answered ${apiErrorStatus.slice(0, 40)}`;
  switch (subtype) {
    case "error_max_turns":
      return "the limit of turns was reached";
    case "error_max_budget_usd":
      return "the budget was reached";
    case "error_during_execution":
      return "an error during the run";
    case undefined:
    case "success":
      return "the agent reported an error";
    default:
      return subtype.slice(0, 80);
  }
}
