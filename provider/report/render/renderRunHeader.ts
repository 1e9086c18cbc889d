import type { MeasuredRun } from "../measure/measureRun";
import { cutText } from "../read/cutText";
import type { ModelUsage, Run, TokenCounts } from "../read/run";
import { totalTokens } from "../read/tokens";
import { formatCount, formatDuration, formatNumber, formatUsd } from "./formatAmounts";
import { html, type Html } from "./html";
import { renderText } from "./renderText";

/** A prompt up to this length is open from the start. */
const promptOpen = 600;

/** What a reader wants to know first: how it ended, what it cost, what was asked and what came of it. */
export function renderRunHeader(measured: MeasuredRun, anchor: string): Html {
  const { run, outcome, turns, durationMs, tokens } = measured;
  const { result } = run;
  const subTurns = turns.filter(({ parentToolUseId }) => parentToolUseId !== undefined).length;
  return html`<header class="run-head">
    <h2 id="${anchor}">${run.name}</h2>
    <p class="outcome ${outcome.kind}">${outcome.label}</p>
    <dl class="facts">
      ${fact("Model", run.model)}
      ${fact("Turns", String(result?.numTurns ?? turns.length - subTurns), subTurns === 0 ? undefined : `and ${subTurns} of sub-agents`)}
      ${fact("Duration", durationMs === undefined ? undefined : formatDuration(durationMs))}
      ${fact("Cost", result?.costUsd === undefined ? undefined : formatUsd(result.costUsd))}
      ${fact("Tokens", totalTokens(tokens) === 0 ? undefined : formatCount(totalTokens(tokens)), describeTokens(tokens))}
      ${fact("Started", run.firstAtMs === undefined ? undefined : formatDate(run.firstAtMs))}
      ${fact("Refused", result === undefined || result.permissionDenials === 0 ? undefined : formatNumber(result.permissionDenials, "tool use"))}
    </dl>
    ${renderOrigin(run)}
    ${result !== undefined && result.modelUsage.length > 1 && renderModels(result.modelUsage)}
    ${
      run.prompt !== undefined &&
      html`<details class="prompt" ${run.prompt.length <= promptOpen && html`open`}>
        <summary>Prompt</summary>
        ${renderText(cutText(run.prompt))}
      </details>`
    }
    ${result?.errors.map((error) => html`<p class="problem">${error}</p>`)}
    ${
      result?.text !== undefined &&
      html`<section class="result${result.isError && " failed"}">
        <h3>Result</h3>
        <div class="text">${renderText(result.text)}</div>
      </section>`
    }
  </header>`;
}

function fact(name: string, value: string | undefined, more?: string): Html {
  if (value === undefined) return html``;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value.slice(0, 500)}${more !== undefined && html` <small>${more}</small>`}</dd>
  </div>`;
}

function describeTokens({ input, cacheWrite, cacheRead, output }: TokenCounts): string {
  return [
    `${formatCount(output)} out`,
    `${formatCount(input)} in`,
    `${formatCount(cacheWrite)} written to cache`,
    `${formatCount(cacheRead)} read from it`,
  ].join(", ");
}

function renderOrigin({ agentVersion, sessionId, cwd }: Run): Html {
  const parts = [
    ...(agentVersion === undefined ? [] : [`Claude Code ${agentVersion}`]),
    ...(sessionId === undefined ? [] : [`session ${sessionId}`]),
    ...(cwd === undefined ? [] : [`in ${cwd}`]),
  ];
  return html`${parts.length > 0 && html`<p class="origin">${parts.join(" · ").slice(0, 1000)}</p>`}`;
}

function renderModels(usage: readonly ModelUsage[]): Html {
  return html`<ul class="models">
    ${usage.map(
      (model) =>
        html`<li>
          <b>${model.model}</b> ${model.costUsd !== undefined && formatUsd(model.costUsd)}
          <small>${describeTokens(model)}</small>
        </li>`,
    )}
  </ul>`;
}

function formatDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
