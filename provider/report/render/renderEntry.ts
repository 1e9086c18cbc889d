import { callsOf } from "../measure/isTurn";
import type { MeasuredRun } from "../measure/measureRun";
import type { Block, Entry, Note, Turn } from "../read/run";
import { formatCount, formatDuration, formatUsd } from "./formatAmounts";
import { html, type Html } from "./html";
import { renderText } from "./renderText";
import { renderToolCall } from "./renderToolCall";

/** Shows a turn or a note of a run; `anchor` names the run inside the page. */
export function renderEntry(entry: Entry, measured: MeasuredRun, anchor: string): Html {
  return entry.kind === "note" ? renderNote(entry) : renderTurn(entry, measured, anchor);
}

function renderNote({ title, text }: Note): Html {
  if (text === undefined) return html`<p class="note">${title}</p>`;
  return html`<details class="note">
    <summary>${title}</summary>
    ${renderText(text)}
  </details>`;
}

function renderTurn(turn: Turn, measured: MeasuredRun, anchor: string): Html {
  const isSubAgent = turn.parentToolUseId !== undefined;
  return html`<article class="turn${isSubAgent && " sub"}" id="${anchor}-turn-${turn.number}">
    <header>
      <h4>Turn ${turn.number}${isSubAgent && " · sub-agent"}</h4>
      <p>${summarize(turn, measured)}</p>
    </header>
    ${turn.blocks.map((block) => renderBlock(block, measured.run.cwd))}
  </article>`;
}

function renderBlock(block: Block, cwd: string | undefined): Html {
  switch (block.kind) {
    case "tool":
      return renderToolCall(block, cwd);
    case "text":
      return html`<div class="text">${renderText(block.text)}</div>`;
    case "thinking":
      return html`<details class="thinking">
        <summary>Thinking</summary>
        ${renderText(block.text)}
      </details>`;
    case "other":
      return html`<p class="note">A block of type ${block.type}, which this page does not show</p>`;
  }
}

/** `4.2 s · $0.012 · 1.2k tokens out`, as far as it is known. */
function summarize(turn: Turn, { costs, times }: MeasuredRun): string {
  const time = times.get(turn);
  const cost = costs.get(turn);
  return [
    ...(time === undefined ? [] : [formatDuration(time.totalMs)]),
    ...(cost?.usd === undefined ? [] : [`≈ ${formatUsd(cost.usd)}`]),
    ...(cost === undefined || cost.tokens.output < 1
      ? []
      : [`${formatCount(cost.tokens.output)} tokens out`]),
    ...(callsOf(turn).some(({ result }) => result?.isError === true) ? ["error"] : []),
  ].join(" · ");
}
