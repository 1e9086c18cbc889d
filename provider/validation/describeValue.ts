const longestShown = 80;

/** Shows a value in an error message, with its type: `` `-1` (number) ``. Never pass a secret. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "`undefined`";
  if (value === null) return "`null`";
  const text = typeof value === "string" ? value : (JSON.stringify(value) as string | undefined);
  const shown = shorten(text ?? typeof value);
  return `\`${shown}\` (${Array.isArray(value) ? "array" : typeof value})`;
}

function shorten(text: string): string {
  // Control characters could forge lines in a terminal or a CI log.
  const visible = text.replace(
    /\p{C}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return visible.length <= longestShown ? visible : `${visible.slice(0, longestShown).toWellFormed()}…`;
}
