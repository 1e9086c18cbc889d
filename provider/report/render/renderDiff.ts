import { countRows, type DiffRow, type FileDiff, type Hunk } from "../diff/fileDiff";
import { cutText } from "../read/cutText";
import { html, type Html } from "./html";

const rowsShown = 2_000;
const longestRow = 2_000;

/** Shows the hunks of a file. */
export function renderHunks({ hunks }: FileDiff): Html {
  let left = rowsShown;
  const shown = hunks.flatMap((hunk) => {
    if (left <= 0) return [];
    const rows = hunk.rows.slice(0, left);
    left -= hunk.rows.length;
    return [renderHunk({ ...hunk, rows })];
  });
  return html`<pre class="diff" tabindex="0"><code>${shown}</code></pre>
    ${left < 0 && html`<p class="cut">The page shows the first ${rowsShown} lines of a change</p>`}`;
}

/** `+3 −1`. */
export function renderDiffSize(diff: FileDiff): Html {
  return html`<span class="size"
    ><span class="added">+${countRows(diff, "+")}</span>
    <span class="removed">−${countRows(diff, "-")}</span></span
  >`;
}

function renderHunk({ heading, rows }: Hunk): Html {
  return html`${heading !== undefined && html`<span class="hunk">${heading}</span>`}${rows.map(renderRow)}`;
}

function renderRow({ sign, text }: DiffRow): Html {
  const { head, omittedBytes } = cutText(text, longestRow);
  const shown = omittedBytes === 0 ? text : `${head} […]`;
  if (sign === "+") return html`<ins>+${shown}</ins>`;
  return sign === "-" ? html`<del>-${shown}</del>` : html`<span> ${shown}</span>`;
}
