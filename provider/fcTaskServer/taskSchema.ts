import * as z from "zod";
import { describeValue } from "../validation/describeValue";
import { defaultTapIp } from "../taskServer/serverIdentity";
import { expected, expectedSecret } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";

/** The longest prompt, in bytes of UTF-8: 1 MiB. Pulumi's own messages are limited to a few MiB. */
export const maxPromptBytes = 1024 * 1024;

/** It is an argument of the agent's command line, and Linux allows 128 KiB each, with the name of the option. */
const maxSystemPromptBytes = 120 * 1024;

/** How hard the agent thinks, as its command line names the levels. */
export const efforts = ["low", "medium", "high", "xhigh", "max"] as const;

/** What the agent prints: its answer as text, one JSON object with answer and cost, or an object for each event. */
export const outputFormats = ["text", "json", "stream-json"] as const;

const modelPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,199}$/;

/** A string that travels unchanged to the guest: through JSON, a database, an HTTP body and a shell. */
function textSchema(property: string, maxBytes = Infinity): z.ZodType<string> {
  return z
    .string({ error: ({ input }) => expected(property, "a string", input) })
    .superRefine((text, context) => {
      if (text.trim() === "") context.addIssue(expected(property, "a string that is not empty", text));
      if (text.includes("\0")) context.addIssue(expected(property, "text without NUL characters", text));
      if (!text.isWellFormed())
        context.addIssue(expected(property, "well-formed Unicode (it has a lone surrogate)", text));
      const bytes = Buffer.byteLength(text);
      if (bytes > maxBytes)
        context.addIssue(
          `Expected \`${property}\` to have at most ${describeBytes(maxBytes)}, got ${bytes} bytes`,
        );
    });
}

function describeBytes(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes >= 1 ? `${bytes} bytes (${mebibytes} MiB)` : `${bytes} bytes (${bytes / 1024} KiB)`;
}

/** A branch, a tag or a commit; git itself refuses the rest (git-check-ref-format(1)). */
const gitRefSchema = z
  .string({ error: ({ input }) => expected("task.gitRef", "the name of a branch, tag or commit", input) })
  .regex(/^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[^\s\p{C}~^:?*[\\]{1,250}$/u, {
    error: ({ input }) => expected("task.gitRef", "the name of a branch, tag or commit", input),
  });

/** All variables together, names and values: more than that does not fit into an environment with ease. */
const maxEnvBytes = 64 * 1024;

const ownVariables =
  /^(CLAUDE_CODE_OAUTH_TOKEN|ANTHROPIC_API_KEY|IS_SANDBOX|PATH|HOME|LD_.*|IFS|ENV|BASH_ENV)$/;

/** Never shown: the values may be secrets. */
const envSchema = z
  .record(z.string(), z.string(), {
    error: ({ input }) => expectedSecret("task.env", "an object of names and strings", input),
  })
  .superRefine((env, context) => {
    for (const [name, value] of Object.entries(env)) {
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
        context.addIssue(expected("task.env", "an object whose keys are names of variables", name));
      else if (ownVariables.test(name))
        context.addIssue(expected("task.env", "an object without variables that the guest agent sets", name));
      if (value.includes("\0") || !value.isWellFormed())
        context.addIssue(
          `Expected \`task.env.${name}\` to be well-formed text without NUL characters (not shown: secret)`,
        );
    }
    if (Buffer.byteLength(JSON.stringify(env)) > maxEnvBytes)
      context.addIssue(`Expected \`task.env\` to have at most ${maxEnvBytes} bytes in all`);
  });

/** Names of the agent's tools, with their patterns: `Edit`, `Bash(git log:*)`. */
function toolsSchema(property: string): z.ZodType<string[]> {
  const expectation = "an array of tool names, such as `Edit` or `Bash(git log:*)`";
  return z.array(
    z
      .string({ error: ({ input }) => expected(property, expectation, input) })
      .regex(/^[A-Za-z][^,\p{C}]{0,499}$/u, { error: ({ input }) => expected(property, expectation, input) }),
    { error: ({ input }) => expected(property, expectation, input) },
  );
}

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
    prompt: textSchema("task.prompt", maxPromptBytes),
    gitRepoUrl: gitRepoUrlSchema.optional(),
    gitRef: gitRefSchema.optional(),
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
    env: envSchema.optional(),
    appendSystemPrompt: textSchema("task.appendSystemPrompt", maxSystemPromptBytes).optional(),
    allowedTools: toolsSchema("task.allowedTools").optional(),
    disallowedTools: toolsSchema("task.disallowedTools").optional(),
    maxTurns: wholeNumber("task.maxTurns", 1, 10_000).optional(),
    maxBudgetUsd: z
      .number({
        error: ({ input }) => expected("task.maxBudgetUsd", "a number of US dollars above 0", input),
      })
      .positive({
        error: ({ input }) => expected("task.maxBudgetUsd", "a number of US dollars above 0", input),
      })
      .max(10_000, { error: ({ input }) => expected("task.maxBudgetUsd", "at most 10000 US dollars", input) })
      .optional(),
    timeoutSeconds: wholeNumber("task.timeoutSeconds", 10, 86_400, "seconds").optional(),
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
