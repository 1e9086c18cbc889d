import { createHash } from "node:crypto";
import type { FileDiff } from "../diff/fileDiff";
import type { MeasuredRun } from "../measure/measureRun";
import { formatDuration, formatNumber, formatUsd } from "./formatAmounts";
import { html, Html } from "./html";
import { pageScript } from "./pageScript";
import { pageStyle } from "./pageStyle";
import { renderEntry } from "./renderEntry";
import { renderLeftovers } from "./renderLeftovers";
import { renderPatch } from "./renderPatch";
import { renderRunHeader } from "./renderRunHeader";
import { renderTimeline } from "./renderTimeline";
import { renderToolTotals } from "./renderToolTotals";

export interface ReportedRun {
  readonly measured: MeasuredRun;
  /** The run's change as a whole, where it is known. */
  readonly patch?: readonly FileDiff[] | undefined;
}

/** The browser runs and loads exactly what is below these hashes: neither a transcript's script nor its picture. */
const contentPolicy = [
  "default-src 'none'",
  `style-src ${hashSource(pageStyle)}`,
  `script-src ${hashSource(pageScript)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

// Not part of the template: a space more than what was hashed, and the browser would refuse them.
const styleElement = new Html(`<style>${pageStyle}</style>`);
const scriptElement = new Html(`<script>${pageScript}</script>`);

/** Renders the report: one HTML document that needs nothing else. */
export function renderPage(runs: readonly ReportedRun[]): string {
  const names = runs.map(({ measured }) => measured.run.name);
  const title = names.length === 1 ? `${names[0] ?? ""} · agent run` : `${names.length} agent runs`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentPolicy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <nav aria-label="Contents">
          ${runs.length > 1 && renderOverview(runs)}${runs.length === 1 && renderJumps(runs)}
        </nav>
        <main>${runs.map(renderRun)}</main>
        ${scriptElement}
      </body>
    </html> `.markup;
}

function renderRun({ measured, patch }: ReportedRun, index: number): Html {
  const anchor = anchorOf(index);
  const { run } = measured;
  return html`<section class="run" aria-labelledby="${anchor}">
    ${renderRunHeader(measured, anchor)} ${renderTimeline(measured, anchor)}
    ${renderToolTotals(measured, anchor)} ${patch !== undefined && renderPatch(patch, anchor)}
    <section class="turns" id="${anchor}-turns">
      <h3>
        Turns
        <span class="folds" hidden
          ><button data-open="true">Unfold all</button><button data-open="">Fold all</button></span
        >
      </h3>
      ${run.entries.map((entry) => renderEntry(entry, measured, anchor))}
    </section>
    ${renderLeftovers(run.leftovers)}
  </section>`;
}

function renderOverview(runs: readonly ReportedRun[]): Html {
  const known = runs.flatMap(({ measured }) => measured.run.result?.costUsd ?? []);
  const total = known.reduce((sum, cost) => sum + cost, 0);
  return html`<h1>${formatNumber(runs.length, "agent run")}${known.length > 0 && `, ${formatUsd(total)}`}</h1>
    <ol>
      ${runs.map(({ measured }, index) => {
        const { run, outcome, turns, durationMs } = measured;
        const facts = [
          formatNumber(run.result?.numTurns ?? turns.length, "turn"),
          ...(durationMs === undefined ? [] : [formatDuration(durationMs)]),
          ...(run.result?.costUsd === undefined ? [] : [formatUsd(run.result.costUsd)]),
        ];
        return html`<li>
          <a href="#${anchorOf(index)}">${run.name}</a>
          <span class="outcome ${outcome.kind}">${outcome.label}</span>
          <small>${facts.join(" · ")}</small>
        </li>`;
      })}
    </ol>`;
}

function renderJumps(runs: readonly ReportedRun[]): Html {
  const [{ measured, patch } = {}] = runs;
  const anchor = anchorOf(0);
  const hasTurns = measured !== undefined && measured.turns.length > 0;
  const hasTools = measured !== undefined && measured.tools.length > 0;
  return html`<h1 class="kind">Agent run</h1>
    <p class="jumps">
      ${hasTurns && html`<a href="#${anchor}-timeline">Money and time</a>`}
      ${hasTools && html`<a href="#${anchor}-tools">Tools</a>`}
      ${patch !== undefined && html`<a href="#${anchor}-changes">Changes</a>`}
      <a href="#${anchor}-turns">Turns</a>
    </p>`;
}

function anchorOf(index: number): string {
  return `run-${index + 1}`;
}

function hashSource(content: string): string {
  return `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
}
