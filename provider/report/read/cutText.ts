/** A text of which the middle may be left out. */
export interface CutText {
  readonly head: string;
  readonly tail: string;
  /** What lies between `head` and `tail`. */
  readonly omittedBytes: number;
}

/** Outputs longer than this are cut on the page. */
export const longestText = 64 * 1024;

/** The end of an output tells most about a failure, the beginning what it was. */
const headShare = 0.75;

/** Keeps the beginning and the end of a text of more characters than `limit`. */
export function cutText(text: string, limit = longestText): CutText {
  if (text.length <= limit) return { head: text, tail: "", omittedBytes: 0 };
  const headLength = Math.floor(limit * headShare);
  const tailStart = text.length - (limit - headLength);
  return {
    head: text.slice(0, headLength).toWellFormed(),
    tail: text.slice(tailStart).toWellFormed(),
    omittedBytes: Buffer.byteLength(text.slice(headLength, tailStart)),
  };
}

export function isEmpty(text: CutText): boolean {
  return text.head.trim() === "";
}
