import type { MeasuredRun } from "../measure/measureRun";
import type { ToolTotal } from "../measure/totalTools";
import { formatBytes, formatDuration, formatShare, formatUsd } from "./formatAmounts";
import { html, type Html } from "./html";

/** What each tool was used for, in one table. */
export function renderToolTotals({ tools, run }: MeasuredRun, anchor: string): Html {
  if (tools.length === 0) return html``;
  const hasTimes = tools.some(({ durationMs }) => durationMs !== undefined);
  const largest = Math.max(...tools.map(({ share }) => share), Number.MIN_VALUE);
  return html`<section id="${anchor}-tools">
    <h3>Tools</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Totals per tool">
      <table>
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col">Calls</th>
            <th scope="col">Errors</th>
            ${hasTimes && html`<th scope="col">Time</th>`}
            <th scope="col">Cost of its turns</th>
            <th scope="col" class="wide">In</th>
            <th scope="col" class="wide">Out</th>
          </tr>
        </thead>
        <tbody>
          ${tools.map((tool) => renderRow(tool, hasTimes, run.result?.costUsd, largest))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function renderRow(tool: ToolTotal, hasTimes: boolean, costUsd: number | undefined, largest: number): Html {
  const time = tool.durationMs === undefined ? "–" : formatDuration(tool.durationMs);
  const cost = costUsd === undefined ? formatShare(tool.share) : formatUsd(tool.share * costUsd);
  return html`<tr>
    <th scope="row">${tool.name}</th>
    <td>${tool.calls}</td>
    <td class="${tool.errors > 0 && "bad"}">${tool.errors}</td>
    ${hasTimes && html`<td>${time}</td>`}
    <td>
      <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="part output" width="${Math.round((tool.share / largest) * 100)}" height="10" />
      </svg>
      ${cost}
    </td>
    <td class="wide">${formatBytes(tool.inputBytes)}</td>
    <td class="wide">${formatBytes(tool.outputBytes)}</td>
  </tr>`;
}
