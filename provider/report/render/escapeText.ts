const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** What has a meaning in HTML or none at all, and what controls a terminal or the order in which text is shown. */
const special = /[&<>"'`\u202a-\u202e\u2066-\u2069\p{Noncharacter_Code_Point}]|(?![\t\n\r])\p{Cc}/gu;

/**
 * Makes any text safe to stand between tags or inside a quoted attribute. Control characters become visible: a NUL
 * would be dropped, and a direction override could make a reviewer read other code than what runs.
 */
export function escapeText(text: string): string {
  return text.toWellFormed().replace(special, (character) => entities[character] ?? showControl(character));
}

function showControl(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
