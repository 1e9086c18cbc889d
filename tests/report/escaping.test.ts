import assert from "node:assert/strict";
import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { parsePatch } from "../../provider/report/diff/parsePatch";
import { measureRun } from "../../provider/report/measure/measureRun";
import { escapeText } from "../../provider/report/render/escapeText";
import { html, Html, type HtmlValue } from "../../provider/report/render/html";
import { renderPage } from "../../provider/report/render/renderPage";
import { answer, readText, toolResult, toolUse } from "./transcriptOf";

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** All that a page of ours may hold; `hostile` is in none of them. */
const knownTags = new Set(
  (
    "html head meta title style body nav main section header article footer h1 h2 h3 h4 p a ol ul li dl dt dd div " +
    "span b i em strong small code pre ins del details summary figure figcaption svg rect table thead tbody tr th td " +
    "button script"
  ).split(" "),
);
const knownAttributes = new Set(
  (
    "lang charset http-equiv content name aria-label aria-labelledby aria-hidden role id class href tabindex open hidden " +
    "scope data-open viewBox preserveAspectRatio x y width height"
  ).split(" "),
);

const marker = "hostile";
const attacks = [
  `</script><script>${marker}()</script>`,
  `</style><script>${marker}()</script>`,
  `<img src=x onerror=${marker}()>`,
  `" autofocus onfocus="${marker}()`,
  `' onmouseover='${marker}()`,
  "` onclick=`hostile()`",
  `--><script>${marker}()</script><!--`,
  `]]><svg onload=${marker}()>`,
  "</pre></details></main><base href=//hostile>",
  "<!doctype html><title>hostile</title>",
  "javascript:hostile()",
  "\0<\0script>hostile()",
  "\ud800<script>hostile()</script>",
  "&lt;script&gt;hostile()&lt;/script&gt;",
  "```\n<script>hostile()</script>\n```",
  "`<b>hostile</b>` **<i>hostile</i>**",
  "# <h1 onclick=hostile()>",
  "- <li onclick=hostile()>",
  "\u202e<gpj.hostile>",
];

const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: "binary", maxLength: 12 })), {
    maxLength: 4,
  })
  .map((parts) => parts.join(""));

/** A transcript that has hostile text in every place where text can be. */
function transcript(text: string): string {
  const events = [
    { type: "fc-agents", state: text, prompt: text },
    { type: "system", subtype: "init", model: text, cwd: text, session_id: text, claude_code_version: text },
    { type: "system", subtype: text },
    { type: text },
    { type: "user", message: { content: text } },
    answer(
      text,
      [
        { type: "text", text },
        { type: "thinking", thinking: text },
        { type: `block-${text}` },
        toolUse("t0", text, { [text]: text, command: text }),
        toolUse("t1", "Edit", { file_path: text, old_string: `a${text}`, new_string: `b${text}` }),
        toolUse("t2", "Write", { file_path: text, content: text }),
        toolUse("t3", "Bash", text),
        toolUse("t4", "Task", [text]),
      ],
      { model: text, usage: { output_tokens: 3 } },
    ),
    toolResult("t0", [
      { type: "text", text },
      { type: "image", source: { media_type: text } },
      text,
      { type: text },
    ]),
    toolResult("t1", text, { is_error: true }),
    toolResult("nobody", text),
    {
      type: "result",
      subtype: text,
      is_error: true,
      result: text,
      errors: [text, { [text]: text }],
      total_cost_usd: 1,
      modelUsage: { [text]: { outputTokens: 9, costUSD: 0.5 }, other: { outputTokens: 1, costUSD: 0.5 } },
    },
  ];
  return `${events.map((event) => JSON.stringify(event)).join("\n")}\n{broken ${text}`;
}

async function pageOf(text: string, ...more: readonly string[]): Promise<string> {
  const runs = await Promise.all([text, ...more].map((each) => readText(transcript(each), each)));
  const patch = `diff --git a/${text} b/${text}\n--- a/${text}\n+++ b/${text}\n@@ -1 +1 @@${text}\n-${text}\n+${text}\n`;
  return renderPage(runs.map((run) => ({ measured: measureRun(run), patch: parsePatch(patch) })));
}

function elementsOf(node: Node): Element[] {
  const own = "tagName" in node ? [node] : [];
  return "childNodes" in node ? [...own, ...node.childNodes.flatMap(elementsOf)] : own;
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

function assertHarmless(page: string): void {
  const errors: string[] = [];
  const document = parse(page, {
    onParseError: ({ code }) => errors.push(code),
    sourceCodeLocationInfo: false,
  });
  assert.deepEqual(errors, []);
  const elements = elementsOf(document);
  for (const { tagName, attrs } of elements) {
    assert.ok(knownTags.has(tagName), `a <${tagName}>`);
    for (const { name, value } of attrs) {
      assert.ok(knownAttributes.has(name), `an attribute ${name} of <${tagName}>`);
      if (name === "href") assert.match(value, /^#run-\d+(-[a-z]+(-\d+)?)?$/);
      if (name === "id" || name === "class") assert.ok(!value.includes(marker));
    }
  }
  // The page's own script and style, each once, and each without a word from outside.
  const active = elements.filter(({ tagName }) => tagName === "script" || tagName === "style");
  assert.deepEqual(
    active.map(({ tagName }) => tagName),
    ["style", "script"],
  );
  assert.ok(active.every((element) => !textOf(element).includes(marker)));
}

describe("A page made of hostile transcripts", function () {
  this.timeout(120_000);

  for (const attack of attacks) {
    it(`has only elements of our own with ${JSON.stringify(attack).replace("\u202e", "\\u202e")} everywhere`, async () => {
      assertHarmless(await pageOf(attack));
    });
  }

  it("parses without an error and has only elements of our own, whatever the transcripts hold", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (first, second) => {
        assertHarmless(await pageOf(first, second));
      }),
      { numRuns: 150 },
    );
  });

  it("shows the text itself, unchanged", async () => {
    const text = `a < b && "c" > 'd' <script>hostile()</script>`;
    assert.ok(textOf(parse(await pageOf(text))).includes(text));
  });
});

describe("escapeText", () => {
  it("leaves nothing that means something in HTML, and gives the same text back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const escaped = escapeText(text);
        assert.ok(!/[<>"'`]/.test(escaped));
        const [body] = elementsOf(parse(`<!doctype html><body><p>${escaped}`)).filter(
          ({ tagName }) => tagName === "p",
        );
        assert.equal(body === undefined ? "" : textOf(body), text);
      }),
    );
  });

  it("makes control characters, changes of direction and what is no character visible", () => {
    assert.equal(
      escapeText("a\0b\u001b[31m\u007f\u0085\u202ec\t\n\uffff"),
      "a␀b␛[31m␡⟨U+0085⟩⟨U+202E⟩c\t\n⟨U+FFFF⟩",
    );
  });
});

describe("html", () => {
  it("escapes values, joins arrays and leaves out what is absent", () => {
    const list: HtmlValue = ["<a>", new Html("<b>"), 3, undefined, false];
    assert.equal(html`<p title="${'"'}">${list}</p>`.markup, '<p title="&quot;">&lt;a&gt;<b>3</p>');
  });

  it("refuses a template with an unquoted attribute", () => {
    // Prettier would quote the attribute.
    // prettier-ignore
    assert.throws(() => html`<p title=${"x"}></p>`, TypeError);
  });
});
