/** What the model says: a text, or the call of a tool, after which it is asked again. */
export type Answer =
  { readonly text: string } | { readonly tool: string; readonly input: Readonly<Record<string, unknown>> };

/** What each answer is said to have used. */
export const usagePerAnswer = { input_tokens: 1000, output_tokens: 50 };

const cacheUsage = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

/** An answer as the Messages API streams it: server-sent events, each with its name in its data too. */
export function streamMessage(answer: Answer, model: string, number: number): string {
  const { start, delta, stopReason } = describeBlock(answer, number);
  const message = {
    id: `msg_${number}`,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usagePerAnswer, ...cacheUsage, output_tokens: 1 },
  };
  return [
    event("message_start", { message }),
    event("content_block_start", { index: 0, content_block: start }),
    event("content_block_delta", { index: 0, delta }),
    event("content_block_stop", { index: 0 }),
    event("message_delta", {
      delta: { stop_reason: stopReason, stop_sequence: null },
      usage: { output_tokens: usagePerAnswer.output_tokens },
    }),
    event("message_stop", {}),
  ].join("");
}

function describeBlock(answer: Answer, number: number): { start: object; delta: object; stopReason: string } {
  if ("text" in answer)
    return {
      start: { type: "text", text: "" },
      delta: { type: "text_delta", text: answer.text },
      stopReason: "end_turn",
    };
  return {
    start: { type: "tool_use", id: `toolu_${number}`, name: answer.tool, input: {} },
    delta: { type: "input_json_delta", partial_json: JSON.stringify(answer.input) },
    stopReason: "tool_use",
  };
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
