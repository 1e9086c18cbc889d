import type { Leftovers } from "../read/run";
import { formatNumber } from "./formatAmounts";
import { html, type Html } from "./html";

/** Says what of the transcript is not on the page, so that nobody takes it for the whole. */
export function renderLeftovers({ lineCount, brokenCount, broken, unknownTypes }: Leftovers): Html {
  if (lineCount === 0) return html`<p class="problem">The transcript is empty.</p>`;
  const unknownCount = [...unknownTypes.values()].reduce((sum, count) => sum + count, 0);
  if (brokenCount + unknownCount === 0) return html``;
  return html`<details class="leftovers">
    <summary>
      Not shown of ${formatNumber(lineCount, "line")}:
      ${[
        ...(brokenCount > 0 ? [formatNumber(brokenCount, "broken line")] : []),
        ...(unknownCount > 0
          ? [formatNumber(unknownCount, "event of other types", "events of other types")]
          : []),
      ].join(", ")}
    </summary>
    <ul>
      ${[...unknownTypes].map(([type, count]) => html`<li><code>${type}</code> × ${count}</li>`)}
      ${broken.map(
        ({ line, reason, excerpt }) =>
          html`<li>Line ${line}: ${reason}${excerpt !== "" && html` <code>${excerpt}</code>`}</li>`,
      )}
      ${brokenCount > broken.length && html`<li>and ${brokenCount - broken.length} more broken lines</li>`}
    </ul>
  </details>`;
}
