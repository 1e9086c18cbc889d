import { callsOf } from "../measure/isTurn";
import type { MeasuredRun } from "../measure/measureRun";
import type { Turn } from "../read/run";
import { formatDuration, formatShare, formatUsd } from "./formatAmounts";
import { html, type Html } from "./html";
import { type Column, renderColumns } from "./renderColumns";

interface Part {
  readonly kind: string;
  readonly name: string;
  readonly of: (turn: Turn) => number;
}

/** Where the money and the time of a run went, turn by turn. */
export function renderTimeline(measured: MeasuredRun, anchor: string): Html {
  if (measured.turns.length === 0) return html``;
  return html`<section class="timeline" id="${anchor}-timeline">
    <h3>Where the money and the time went</h3>
    ${renderMoney(measured, anchor)} ${renderTime(measured, anchor)}
  </section>`;
}

function renderMoney(measured: MeasuredRun, anchor: string): Html {
  const { costs, turns, run } = measured;
  const costUsd = run.result?.costUsd;
  const shareOf = (kind: "input" | "cacheWrite" | "cacheRead" | "output") => (turn: Turn) =>
    costs.get(turn)?.shares[kind] ?? 0;
  const parts: Part[] = [
    { kind: "output", name: "output", of: shareOf("output") },
    { kind: "fresh", name: "new input", of: shareOf("input") },
    { kind: "write", name: "written to cache", of: shareOf("cacheWrite") },
    { kind: "read", name: "read from cache", of: shareOf("cacheRead") },
  ];
  const show = (share: number): string =>
    costUsd === undefined ? formatShare(share) : `${formatUsd(share * costUsd)} (${formatShare(share)})`;
  if (turns.every((turn) => (costs.get(turn)?.share ?? 0) === 0)) {
    return html`<p class="remark">The transcript tells no token counts of single turns.</p>`;
  }
  return html`${renderChart("Cost", measured, anchor, parts, show)}
    <p class="remark">
      The agent reports ${costUsd === undefined ? "no cost" : `the total of ${formatUsd(costUsd)} only`}; each
      turn has its share by its tokens, weighted by their prices.
    </p>`;
}

function renderTime(measured: MeasuredRun, anchor: string): Html {
  const { times, run } = measured;
  if (times.size === 0) return renderUnstampedTime(measured);
  const mainOnly = (pick: (turn: Turn) => number | undefined) => (turn: Turn) =>
    turn.parentToolUseId === undefined ? (pick(turn) ?? 0) : 0;
  const parts: Part[] = [
    { kind: "model", name: "model", of: mainOnly((turn) => times.get(turn)?.modelMs) },
    { kind: "tools", name: "tools", of: mainOnly((turn) => times.get(turn)?.toolMs) },
    { kind: "either", name: "model and tools", of: mainOnly((turn) => times.get(turn)?.eitherMs) },
  ];
  const hasSubAgents = run.entries.some(
    (entry) => entry.kind === "turn" && entry.parentToolUseId !== undefined,
  );
  return html`${renderChart("Time", measured, anchor, parts, formatDuration)}
  ${
    hasSubAgents && html`<p class="remark">A sub-agent's time is part of the tool call that it works for.</p>`
  }`;
}

function renderUnstampedTime({ run }: MeasuredRun): Html {
  const { durationMs, apiDurationMs } = run.result ?? {};
  const inModel =
    durationMs !== undefined && apiDurationMs !== undefined && apiDurationMs <= durationMs
      ? `, ${formatDuration(apiDurationMs)} of it in the model API`
      : "";
  const total =
    durationMs === undefined ? "" : ` The whole run took ${formatDuration(durationMs)}${inModel}.`;
  return html`<p class="remark">
    The transcript's lines carry no time stamps, so the turns stand in their order, without their
    durations.${total}
  </p>`;
}

function renderChart(
  name: string,
  { turns }: MeasuredRun,
  anchor: string,
  parts: readonly Part[],
  show: (size: number) => string,
): Html {
  const columns = turns.map((turn): Column => {
    const sizes = parts.map(({ kind, of }) => ({ kind, size: of(turn) }));
    const tools = [...new Set(callsOf(turn).map((call) => call.name))].join(", ");
    const size = sizes.reduce((sum, part) => sum + part.size, 0);
    return {
      target: `${anchor}-turn-${turn.number}`,
      title: `Turn ${turn.number}: ${show(size)}${tools === "" ? "" : `, ${tools}`}`,
      isMarked: callsOf(turn).some(({ result }) => result?.isError === true),
      parts: sizes,
    };
  });
  const totals = parts.map((part) => ({
    ...part,
    total: turns.reduce((sum, turn) => sum + part.of(turn), 0),
  }));
  return html`<figure>
    <figcaption>
      <b>${name} per turn</b>
      ${totals
        .filter(({ total }) => total > 0)
        .map(
          (part) =>
            html`<span class="key"><i class="${part.kind}"></i>${part.name} ${show(part.total)}</span>`,
        )}
    </figcaption>
    ${renderColumns(`${name} per turn`, columns)}
  </figure>`;
}
