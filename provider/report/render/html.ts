import { escapeText } from "./escapeText";

/** Markup. It comes only from `html`, or from a constant of this package. */
export class Html {
  public constructor(public readonly markup: string) {}
}

export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

const checkedTemplates = new WeakSet<TemplateStringsArray>();

/**
 * Builds markup from a template. Every value is escaped unless it is `Html` itself, so nothing that was read can become
 * a tag. Arrays are joined; `undefined` and `false` leave nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  checkAttributes(strings);
  let markup = strings[0] ?? "";
  for (const [index, value] of values.entries()) markup += toMarkup(value) + (strings[index + 1] ?? "");
  return new Html(markup);
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  return value.map(toMarkup).join("");
}

/** An unquoted attribute ends at a space, so escaping could not protect it: such a template is a mistake of ours. */
function checkAttributes(strings: TemplateStringsArray): void {
  if (checkedTemplates.has(strings)) return;
  for (const before of strings.slice(0, -1)) {
    const isInTag = before.lastIndexOf("<") > before.lastIndexOf(">");
    if (isInTag && /=\s*$/.test(before)) throw new TypeError(`Unquoted attribute in a template: ${before}`);
  }
  checkedTemplates.add(strings);
}
