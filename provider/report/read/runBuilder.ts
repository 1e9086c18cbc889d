import { addBlock } from "./addBlock";
import { cutText } from "./cutText";
import { addResult, readResult } from "./readResult";
import { resultText } from "./resultText";
import type { Run, ToolCall, Turn } from "./run";
import { largestTokens, noTokens, tokensOf } from "./tokens";
import { type ContentBlock, contentBlockSchema, type TranscriptEvent } from "./transcriptEvent";

const longestPrompt = 256 * 1024;

/** Puts a run together, event by event. */
export class RunBuilder {
  public readonly run: Run;
  readonly #turns = new Map<string, Turn>();
  readonly #calls = new Map<string, ToolCall>();
  #turnCount = 0;

  public constructor(name: string) {
    const leftovers = { lineCount: 0, brokenCount: 0, broken: [], unknownTypes: new Map<string, number>() };
    this.run = { name, entries: [], isCutOff: false, leftovers };
  }

  public add(event: TranscriptEvent): void {
    this.#noteTime(event.timestamp);
    switch (event.type) {
      case "system":
        this.#addSystem(event);
        return;
      case "assistant":
        this.#addAnswer(event);
        return;
      case "user":
        this.#addUser(event);
        return;
      case "result":
        this.run.result = this.#isSameSession(event)
          ? addResult(this.run.result, readResult(event))
          : readResult(event);
        this.run.sessionId ??= event.session_id;
        return;
      case "fc-agents":
        this.#addGuestState(event);
        return;
      default:
        this.#passOver(event.type);
    }
  }

  #noteTime(ms: number | undefined): void {
    if (ms === undefined) return;
    this.run.firstAtMs = Math.min(this.run.firstAtMs ?? ms, ms);
    this.run.lastAtMs = Math.max(this.run.lastAtMs ?? ms, ms);
  }

  #addSystem(event: TranscriptEvent): void {
    if (event.subtype === "init") {
      // A background task of its own that ends wakes it up, and then it says the same once more.
      if (this.run.sessionId !== undefined && !this.#isSameSession(event)) {
        this.#note("The agent was started again");
      }
      this.run.model ??= event.model;
      this.run.cwd ??= event.cwd;
      this.run.sessionId ??= event.session_id;
      this.run.agentVersion ??= event.claude_code_version;
    } else if (event.subtype === "compact_boundary") {
      this.#note("The agent compacted its conversation");
    } else if (event.subtype === "api_retry") {
      const error = event.error_status === undefined ? "did not answer" : `answered ${event.error_status}`;
      this.#note(`The model API ${error}, and the agent asked again`);
    } else {
      this.#passOver(`system/${event.subtype ?? "?"}`);
    }
  }

  #isSameSession(event: TranscriptEvent): boolean {
    return event.session_id !== undefined && event.session_id === this.run.sessionId;
  }

  #addAnswer(event: TranscriptEvent): void {
    const { message } = event;
    const turn = this.#turnOf(event);
    turn.model ??= message?.model;
    turn.tokens = largestTokens(turn.tokens, tokensOf(message?.usage));
    if (event.timestamp !== undefined) {
      turn.answeredAtMs = Math.max(turn.answeredAtMs ?? event.timestamp, event.timestamp);
    }
    for (const block of this.#blocks(message?.content)) {
      const call = addBlock(turn, block, event.timestamp);
      if (call?.id !== undefined) this.#calls.set(call.id, call);
    }
  }

  /** Claude Code writes a line for each block of an answer, and all of them carry the answer's id and its usage. */
  #turnOf(event: TranscriptEvent): Turn {
    const id = event.message?.id;
    const known = id === undefined ? undefined : this.#turns.get(id);
    if (known !== undefined) return known;
    this.#turnCount += 1;
    const turn: Turn = {
      kind: "turn",
      number: this.#turnCount,
      parentToolUseId: event.parent_tool_use_id,
      blocks: [],
      tokens: noTokens,
    };
    this.run.entries.push(turn);
    if (id !== undefined) this.#turns.set(id, turn);
    return turn;
  }

  #addUser(event: TranscriptEvent): void {
    for (const block of this.#blocks(event.message?.content)) {
      if (block.type === "tool_result") this.#addToolResult(event, block);
      else this.#addUserText(event, block);
    }
  }

  #addToolResult(event: TranscriptEvent, block: ContentBlock): void {
    const text = cutText(resultText(block.content));
    const call = block.tool_use_id === undefined ? undefined : this.#calls.get(block.tool_use_id);
    if (call === undefined) {
      this.#note("A tool's result, without the call that it belongs to", text.head);
      return;
    }
    call.result ??= {
      text,
      isError: block.is_error ?? false,
      details: event.tool_use_result,
      returnedAtMs: event.timestamp,
    };
  }

  #addUserText(event: TranscriptEvent, block: ContentBlock): void {
    const text = block.text ?? resultText([block]);
    const isTask = this.#turnCount === 0 && event.parent_tool_use_id === undefined;
    if (isTask && this.run.prompt === undefined && event.isSynthetic !== true) {
      this.run.prompt = text.slice(0, longestPrompt);
    } else {
      this.#note(
        event.parent_tool_use_id === undefined ? "Message to the agent" : "Task of a sub-agent",
        text,
      );
    }
  }

  #addGuestState({ state, prompt }: TranscriptEvent): void {
    if (prompt !== undefined) this.run.prompt = prompt.slice(0, longestPrompt);
    if (state === "transcript-cut-off") {
      this.run.isCutOff = true;
      this.#note("The transcript was cut off here, because it reached its limit of size");
    } else if (state !== undefined) {
      this.#note(`Guest: ${state.slice(0, 200)}`);
    }
  }

  #blocks(content: string | unknown[] | undefined): ContentBlock[] {
    const raw = typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []);
    return raw.flatMap((candidate) => {
      const block = contentBlockSchema.safeParse(candidate);
      if (!block.success) this.#passOver("content block without a type");
      return block.success ? [block.data] : [];
    });
  }

  #note(title: string, text?: string): void {
    this.run.entries.push({ kind: "note", title, ...(text !== undefined && { text: cutText(text) }) });
  }

  #passOver(type: string): void {
    const { unknownTypes } = this.run.leftovers;
    const name = type.slice(0, 80);
    const isKnown = unknownTypes.has(name) || unknownTypes.size < 50;
    const key = isKnown ? name : "others";
    unknownTypes.set(key, (unknownTypes.get(key) ?? 0) + 1);
  }
}
