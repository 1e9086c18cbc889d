import * as z from "zod";
import { describeValue } from "../validation/describeValue";
import { defaultTapIp } from "../taskServer/serverIdentity";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";

/** The longest prompt, in bytes of UTF-8: 1 MiB. Pulumi's own messages are limited to a few MiB. */
export const maxPromptBytes = 1024 * 1024;

/** How hard the agent thinks, as its command line names the levels. */
export const efforts = ["low", "medium", "high", "xhigh", "max"] as const;

/** What the agent prints: its answer as text, or one JSON object with the answer and its cost. */
export const outputFormats = ["text", "json"] as const;

const modelPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,199}$/;

/** A string that travels unchanged to the guest: through JSON, a database, an HTTP body and a shell. */
function textSchema(property: string): z.ZodType<string> {
  return z
    .string({ error: ({ input }) => expected(property, "a string", input) })
    .superRefine((text, context) => {
      if (text.trim() === "") context.addIssue(expected(property, "a string that is not empty", text));
      if (text.includes("\0")) context.addIssue(expected(property, "text without NUL characters", text));
      if (!text.isWellFormed())
        context.addIssue(expected(property, "well-formed Unicode (it has a lone surrogate)", text));
    });
}

const promptSchema = textSchema("task.prompt").superRefine((prompt, context) => {
  const bytes = Buffer.byteLength(prompt);
  if (bytes > maxPromptBytes) {
    context.addIssue(
      `Expected \`task.prompt\` to have at most ${maxPromptBytes} bytes (1 MiB), got ${bytes} bytes`,
    );
  }
});

const gitRepoUrlSchema = textSchema("task.gitRepoUrl").superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol) || /[\s\p{Cc}]/u.test(text)) {
    context.addIssue(expected("task.gitRepoUrl", "an https:// URL", text));
  } else if (url.username !== "" || url.password !== "") {
    context.addIssue(
      "Expected `task.gitRepoUrl` to hold no user name or password: it would be stored in plain in the stack's " +
        `state and on the host. Remove what stands before the @ of ${describeValue(`${url.protocol}//…@${url.host}${url.pathname}`)}`,
    );
  }
});

/** One job for an agent. Sole source of the task's types, defaults and messages. */
export const taskSchema = z.strictObject(
  {
    prompt: promptSchema,
    gitRepoUrl: gitRepoUrlSchema.optional(),
    model: z
      .string({ error: ({ input }) => expected("task.model", "a model's name", input) })
      .regex(modelPattern, {
        error: ({ input }) =>
          expected(
            "task.model",
            "a model's name (letters, digits and . _ : / @ [ ] -, not starting with -)",
            input,
          ),
      })
      .optional(),
    effort: z
      .enum(efforts, { error: ({ input }) => expected("task.effort", `one of ${efforts.join(", ")}`, input) })
      .default("low"),
    outputFormat: z
      .enum(outputFormats, {
        error: ({ input }) => expected("task.outputFormat", `one of ${outputFormats.join(", ")}`, input),
      })
      .default("text"),
    maxAttempts: wholeNumber("task.maxAttempts", 1, 10).default(1),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `Expected \`task\` to have known options only, got ${issue.keys.map((key) => `\`${key}\``).join(", ")}`
        : expected("task", "an object with a `prompt`", issue.input),
  },
);

/** A task with its defaults filled in. */
export type Task = z.infer<typeof taskSchema>;

/** Plain http would hand the repository to anybody on the way, so it is accepted only from the host itself. */
export const checkGitRepoOverHttp: CrossCheck = (inputs, report) => {
  const { tapIp = defaultTapIp } = inputs;
  const { gitRepoUrl } = (inputs.task ?? {}) as { gitRepoUrl?: unknown };
  if (typeof gitRepoUrl !== "string" || !URL.canParse(gitRepoUrl)) return;
  const url = new URL(gitRepoUrl);
  if (url.protocol !== "http:" || url.hostname === tapIp) return;
  const mirror = typeof tapIp === "string" ? ` (plain http only to \`tapIp\` itself, http://${tapIp}/…)` : "";
  report("task.gitRepoUrl", expected("task.gitRepoUrl", `an https:// URL${mirror}`, gitRepoUrl));
};
