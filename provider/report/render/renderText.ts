import { type CutText, longestText } from "../read/cutText";
import { formatBytes } from "./formatAmounts";
import { html, type Html } from "./html";

const fence = /^ {0,3}(```|~~~)/;

const listItem = /^ {0,6}(?:[-*•]|\d{1,3}[.)]) /;

/** Inline code and strong text, the two marks that agents use in nearly every sentence. */
const inlineMark = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/;

/**
 * Shows what the agent wrote: paragraphs with their line breaks, fenced code as code, headings in bold. It reads
 * like the Markdown that it is, without being turned into all of it.
 */
export function renderText({ head, tail, omittedBytes }: CutText): Html {
  return html`${renderBlocks(head)}${omittedBytes > 0 && [renderOmission(omittedBytes), renderBlocks(tail)]}`;
}

/** Shows a text as it is, in a block that scrolls by itself. */
export function renderOutput({ head, tail, omittedBytes }: CutText): Html {
  return html`<pre tabindex="0"><code>${head}</code></pre>
    ${omittedBytes > 0 && [renderOmission(omittedBytes), html`<pre tabindex="0"><code>${tail}</code></pre>`]}`;
}

function renderOmission(bytes: number): Html {
  return html`<p class="cut">
    ${formatBytes(bytes)} left out here: the page shows ${formatBytes(longestText)} of each text
  </p>`;
}

function renderBlocks(text: string): Html[] {
  const blocks: Html[] = [];
  let lines: string[] = [];
  let code: string[] | undefined;
  const endParagraph = (): void => {
    if (lines.length > 0) blocks.push(html`<p>${renderInline(lines.join("\n"))}</p>`);
    lines = [];
  };
  const endCode = (): void => {
    if (code !== undefined) blocks.push(html`<pre tabindex="0"><code>${code.join("\n")}</code></pre>`);
    code = undefined;
  };
  for (const line of text.split("\n")) {
    if (fence.test(line)) {
      endParagraph();
      if (code === undefined) code = [];
      else endCode();
    } else if (code !== undefined) {
      code.push(line);
    } else if (line.trim() === "") {
      endParagraph();
    } else if (/^#{1,6} /.test(line)) {
      endParagraph();
      blocks.push(html`<p class="title">${renderInline(line.replace(/^#+ /, ""))}</p>`);
    } else if (listItem.test(line)) {
      endParagraph();
      blocks.push(html`<p class="item">${renderInline(line)}</p>`);
    } else {
      lines.push(line);
    }
  }
  endParagraph();
  endCode();
  return blocks;
}

function renderInline(text: string): Html[] {
  return text.split(inlineMark).map((part, index) => {
    // What the pattern captures stands at the odd places.
    if (index % 2 === 0) return html`${part}`;
    return part.startsWith("`")
      ? html`<code>${part.slice(1, -1)}</code>`
      : html`<strong>${part.slice(2, -2)}</strong>`;
  });
}
