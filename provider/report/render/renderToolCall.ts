import { countRows, type FileDiff } from "../diff/fileDiff";
import { diffOfCall } from "../diff/diffOfCall";
import { durationOf } from "../measure/totalTools";
import { cutText, isEmpty } from "../read/cutText";
import { stringify } from "../read/resultText";
import type { ToolCall } from "../read/run";
import { formatDuration } from "./formatAmounts";
import { html, type Html } from "./html";
import { renderDiffSize, renderHunks } from "./renderDiff";
import { renderOutput } from "./renderText";

/** A change of up to this many lines is open from the start: it is what most readers look for. */
const rowsOpen = 40;

const briefLength = 160;

/** The field of a tool's input that tells most about the call, in this order. */
const tellingFields = [
  "file_path",
  "notebook_path",
  "command",
  "pattern",
  "url",
  "query",
  "description",
  "prompt",
];

/** Fields that the change shows already. */
const shownByDiff = new Set(["file_path", "old_string", "new_string", "edits", "content"]);

/** Shows a call of a tool, folded: input or change, then what came back. */
export function renderToolCall(call: ToolCall, cwd: string | undefined): Html {
  const diff = diffOfCall(call);
  const duration = durationOf(call);
  const isOpen = diff !== undefined && diff.hunks.reduce((sum, { rows }) => sum + rows.length, 0) <= rowsOpen;
  return html`<details class="tool${call.result?.isError === true && " failed"}" ${isOpen && html`open`}>
    <summary>
      <b>${call.name}</b> <span class="brief">${briefOf(call.input, cwd)}</span>
      ${diff !== undefined && renderDiffSize(diff)} ${call.result?.isError === true && html`<em>error</em>`}
      ${duration !== undefined && html`<span class="took">${formatDuration(duration)}</span>`}
    </summary>
    ${diff !== undefined && hasRows(diff) && renderHunks(diff)}
    ${renderInput(call.input, diff === undefined ? new Set() : shownByDiff)} ${renderResult(call)}
  </details>`;
}

function hasRows(diff: FileDiff): boolean {
  return countRows(diff, "+") + countRows(diff, "-") + countRows(diff, " ") > 0;
}

function renderInput(input: unknown, hidden: ReadonlySet<string>): Html {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const text = typeof input === "string" ? input : stringify(input);
    return html`${text !== "" && renderOutput(cutText(text))}`;
  }
  const fields = Object.entries(input).filter(([name]) => !hidden.has(name));
  return html`${fields.length > 0 && html`<dl class="input">${fields.map(renderField)}</dl>`}`;
}

function renderField([name, value]: [string, unknown]): Html {
  const text = typeof value === "string" ? value : stringify(value);
  return html`<dt>${name.slice(0, briefLength)}</dt>
    <dd>${renderOutput(cutText(text))}</dd>`;
}

function renderResult({ result }: ToolCall): Html {
  if (result === undefined) return html`<p class="label">No result in the transcript</p>`;
  const isNothing = isEmpty(result.text);
  return html`<p class="label">${result.isError ? "Error" : "Result"}${isNothing && ": empty"}</p>
    ${!isNothing && renderOutput(result.text)}`;
}

/** One line that says what the call is about; paths below the working folder lose its name. */
function briefOf(input: unknown, cwd: string | undefined): string {
  if (typeof input !== "object" || input === null) return "";
  const fields = new Map<string, unknown>(Object.entries(input));
  const text = tellingFields.map((name) => fields.get(name)).find((value) => typeof value === "string") ?? "";
  const line = text
    .slice(0, 4 * briefLength)
    .replace(/\s+/g, " ")
    .trim();
  const short = cwd !== undefined && line.startsWith(`${cwd}/`) ? line.slice(cwd.length + 1) : line;
  return short.length <= briefLength ? short : `${short.slice(0, briefLength)}…`;
}
