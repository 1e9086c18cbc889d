import type { WaitState } from "../taskServer/controlClient";

/** Words what an agent is doing: `turn 3: Edit src/app.ts, 41 s, $0.12`. */
export function describeProgress({ record, ahead, progress }: WaitState, secondsSinceClaim?: number): string {
  if (record.state === "queued") return ahead === 0 ? "queued, next in turn" : `queued behind ${ahead}`;
  const { state, turn, tool, detail, costUsd } = progress;
  const doing =
    turn !== undefined && state !== "collecting"
      ? `turn ${turn}${tool === undefined ? "" : `: ${tool}${detail === undefined ? "" : ` ${detail}`}`}`
      : (state ?? `claimed by ${record.guest ?? "a guest"}`);
  const parts = [doing];
  if (secondsSinceClaim !== undefined) parts.push(`${Math.round(secondsSinceClaim)} s`);
  if (costUsd !== undefined) parts.push(`$${costUsd.toFixed(2)}`);
  return visible(parts.join(", "));
}

/** Part of it comes from the guest: no control character of it may reach a terminal. */
function visible(text: string): string {
  return text.replaceAll(/\p{C}+/gu, " ");
}
