import { cutText } from "./cutText";
import type { ToolCall, Turn } from "./run";
import type { ContentBlock } from "./transcriptEvent";

/**
 * Adds a block to its turn, and returns it if it is a new tool call. Some versions write an answer again and again
 * while it grows: what is there already stays once, and a longer text takes the place of its beginning.
 */
export function addBlock(
  turn: Turn,
  block: ContentBlock,
  timestamp: number | undefined,
): ToolCall | undefined {
  switch (block.type) {
    case "text":
    case "thinking":
      addText(turn, block.type, (block.type === "text" ? block.text : block.thinking) ?? "");
      return undefined;
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return addCall(turn, block, timestamp);
    default:
      turn.blocks.push({ kind: "other", type: block.type.slice(0, 80) });
      return undefined;
  }
}

function addText(turn: Turn, kind: "text" | "thinking", text: string): void {
  // Thinking may come with its signature only.
  if (text.trim() === "") return;
  const cut = cutText(text);
  for (const known of turn.blocks) {
    if (known.kind !== kind) continue;
    if (known.text.head.startsWith(cut.head) && known.text.omittedBytes >= cut.omittedBytes) return;
    if (known.text.omittedBytes === 0 && cut.head.startsWith(known.text.head)) {
      known.text = cut;
      return;
    }
  }
  turn.blocks.push({ kind, text: cut });
}

function addCall(turn: Turn, block: ContentBlock, timestamp: number | undefined): ToolCall | undefined {
  const { id } = block;
  const isKnown = id !== undefined && turn.blocks.some((known) => known.kind === "tool" && known.id === id);
  if (isKnown) return undefined;
  const call: ToolCall = {
    kind: "tool",
    id,
    name: (block.name ?? "unnamed tool").slice(0, 120),
    input: block.input,
    calledAtMs: timestamp,
  };
  turn.blocks.push(call);
  return call;
}
