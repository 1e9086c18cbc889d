import { countRows, type FileDiff } from "../diff/fileDiff";
import { formatNumber } from "./formatAmounts";
import { html, type Html } from "./html";
import { renderDiffSize, renderHunks } from "./renderDiff";

const rowsOpen = 60;

/** The whole change of a run, file by file. */
export function renderPatch(files: readonly FileDiff[], anchor: string): Html {
  return html`<section class="patch" id="${anchor}-changes">
    <h3>Changes <small>${formatNumber(files.length, "file")}</small></h3>
    ${files.length === 0 && html`<p class="remark">The patch holds no change.</p>`} ${files.map(renderFile)}
  </section>`;
}

function renderFile(file: FileDiff): Html {
  const size = countRows(file, "+") + countRows(file, "-") + countRows(file, " ");
  return html`<details class="tool" ${size > 0 && size <= rowsOpen && html`open`}>
    <summary>
      <span class="brief">${file.path}</span> ${renderDiffSize(file)}
      ${file.remark !== undefined && html`<span class="took">${file.remark}</span>`}
    </summary>
    ${size > 0 && renderHunks(file)}
  </details>`;
}
