import type { Entry, ToolCall, Turn } from "../read/run";

export function isTurn(entry: Entry): entry is Turn {
  return entry.kind === "turn";
}

export function callsOf(turn: Turn): ToolCall[] {
  return turn.blocks.filter((block): block is ToolCall => block.kind === "tool");
}
