import { html, type Html } from "./html";

export interface Column {
  /** Where a click leads, inside the page. */
  readonly target: string;
  readonly title: string;
  readonly isMarked: boolean;
  /** Heights with the class that colours them, from the bottom up. */
  readonly parts: readonly { readonly kind: string; readonly size: number }[];
}

const height = 100;
const step = 10;
const markHeight = 3;

/** With few columns there is room left: a run of two turns must not look like two walls. */
const fewestColumns = 16;

/**
 * A chart with a column for each turn. It is stretched to the width that there is. Its columns are no stops of the
 * keyboard: each turn's own heading says the same in words.
 */
export function renderColumns(label: string, columns: readonly Column[]): Html {
  const largest = Math.max(...columns.map(sizeOf), Number.MIN_VALUE);
  const width = Math.max(columns.length, fewestColumns) * step;
  return html`<svg viewBox="0 0 ${width} ${height + markHeight}" preserveAspectRatio="none" role="img">
    <title>${label}</title>
    ${columns.map((column, index) => renderColumn(column, index * step, largest))}
  </svg>`;
}

function renderColumn(column: Column, x: number, largest: number): Html {
  let top = height;
  const bars = column.parts.map(({ kind, size }) => {
    const barHeight = round((size / largest) * (height - 1));
    top -= barHeight;
    return barHeight > 0 && rect(`part ${kind}`, x + 1, round(top), step - 2, barHeight);
  });
  return html`<a href="#${column.target}" tabindex="-1"
    ><title>${column.title}</title>${rect("band", x, 0, step, height)}${bars}${
      column.isMarked && rect("mark", x + 1, height + 1, step - 2, markHeight - 1)
    }</a
  >`;
}

function rect(kind: string, x: number, y: number, width: number, barHeight: number): Html {
  return html`<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${barHeight}" />`;
}

function sizeOf({ parts }: Column): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
