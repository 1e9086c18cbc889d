import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { parsePatch } from "../../provider/report/diff/parsePatch";
import { measureRun } from "../../provider/report/measure/measureRun";
import { renderPage } from "../../provider/report/render/renderPage";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { findChromiumObstacle, startChromium } from "./chromium";
import { answer, init, readEvents, readText, toolResult, toolUse } from "./transcriptOf";

const fixtures = join(__dirname, "../fixtures/transcripts");
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const desktop = { viewport: { width: 1280, height: 900 } };

/* FC_KEEP_SCREENSHOTS=FOLDER keeps the pictures, for a person to look at. */
describe("The report's page in Chromium", function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let folder: TemporaryFolder | undefined;
  let file = "";

  before(async function () {
    skipBecause(this, findChromiumObstacle());
    folder = await temporaryFolder();
    file = join(folder.path, "run.html");
    writeFileSync(file, await exampleOfTwoRuns());
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await folder?.remove();
  });

  /** Opens a page and tells everything that it asked for or complained about. */
  async function open(
    options: BrowserContextOptions,
    url = pathToFileURL(file).href,
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    assert.ok(browser !== undefined);
    const page = await browser.newPage(options);
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, requests, complaints };
  }

  async function openHtml(
    html: string,
    options: BrowserContextOptions = desktop,
  ): Promise<Awaited<ReturnType<typeof open>>> {
    assert.ok(folder !== undefined);
    const other = join(folder.path, "other.html");
    writeFileSync(other, html);
    return open(options, pathToFileURL(other).href);
  }

  for (const [name, options] of Object.entries({ phone, desktop })) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`needs nothing but itself and has no complaint, on a ${name} in ${colorScheme} colours`, async () => {
        const { page, requests, complaints } = await open({ ...options, colorScheme });
        assert.deepEqual(requests, [pathToFileURL(file).href]);
        const pictures = process.env.FC_KEEP_SCREENSHOTS ?? folder?.path ?? "";
        const picture = join(pictures, `report-${name}-${colorScheme}.png`);
        await page.screenshot({ path: picture, fullPage: true, scale: "css" });
        assert.ok(statSync(picture).size > 20_000);
        assert.deepEqual(complaints, []);
        const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        const [red = 0] = (/\d+/.exec(ground) ?? []).map(Number);
        assert.equal(red < 128, colorScheme === "dark");
        await page.close();
      });
    }
  }

  it("has nothing wider than a phone, also with everything unfolded", async () => {
    const { page } = await open(phone);
    const widthOf = (): Promise<number> => page.evaluate("document.documentElement.scrollWidth");
    assert.equal(await widthOf(), 390);
    for (const button of await page.getByRole("button", { name: "Unfold all" }).all()) await button.click();
    assert.equal(await page.locator(".turns details:not([open])").count(), 0);
    assert.equal(await widthOf(), 390);
    // Only blocks of code may scroll sideways by themselves.
    const scrolling = await page.evaluate<string[]>(`
      [...document.querySelectorAll("body *")]
        .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
        .filter((element) => getComputedStyle(element).overflowX === "auto")
        .map((element) => element.tagName)
    `);
    assert.deepEqual([...new Set(scrolling)], ["PRE"]);
    await page.close();
  });

  it("fits a phone with the longest names of tools and files", async () => {
    const name = "mcp__a_server_with_a_name__create_pull_request_review_comment";
    const path = `/work/${"very-long-folder-name/".repeat(20)}file.ts`;
    const run = await readEvents(
      { ...init, model: "m".repeat(90), session_id: "5".repeat(90) },
      answer("m1", [toolUse("t1", name, { file_path: path }), { type: "text", text: "w".repeat(300) }], {
        usage: { output_tokens: 3 },
      }),
      toolResult("t1", "x".repeat(500), { is_error: true }),
      { type: "e".repeat(300) },
    );
    const { page } = await openHtml(renderPage([{ measured: measureRun(run) }]), phone);
    await page.getByRole("button", { name: "Unfold all" }).click();
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
    const isScrolling = `(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)`;
    assert.equal(await page.evaluate(`${isScrolling}(document.querySelector("[role=region]"))`), false);
    await page.close();
  });

  it("folds and unfolds a tool with the keyboard", async () => {
    const { page } = await open(desktop);
    const tool = page.locator("details.tool:has(> summary:has-text('Read'):has-text('src/limiter.ts'))");
    assert.equal(await tool.getAttribute("open"), null);
    await tool.locator("summary").focus();
    await page.keyboard.press("Enter");
    await page.getByText("export class RateLimiter").first().waitFor({ state: "visible" });
    await page.keyboard.press("Enter");
    assert.equal(await tool.getAttribute("open"), null);
    await page.close();
  });

  it("leads from the contents to a run, and from a column of the timeline to its turn", async () => {
    const { page } = await open(desktop);
    await page.getByRole("link", { name: "reaches-budget.jsonl" }).click();
    assert.ok(page.url().endsWith("#run-2"));
    await page.locator("#run-1-timeline svg a").nth(5).click();
    assert.ok(page.url().endsWith("#run-1-turn-6"));
    assert.ok(await page.locator("#run-1-turn-6").isVisible());
    await page.close();
  });

  it("has one heading outline, a name for every chart and none of the controls without one", async () => {
    const single = renderPage([{ measured: measureRun(await readEvents(init, answer("m1", []))) }]);
    for (const opened of [await open(desktop), await openHtml(single)]) await assertOutline(opened.page);
    const { page } = await open(desktop);
    assert.equal(await page.locator("svg[role=img]:not(:has(> title))").count(), 0);
    assert.equal(await page.locator("a:not(svg a), button, summary").filter({ hasNotText: /\S/ }).count(), 0);
    await page.close();
  });

  it("prints without cutting what scrolls on the screen", async () => {
    const { page } = await open(desktop);
    await page.emulateMedia({ media: "print" });
    const cut = await page.evaluate<number>(
      `[...document.querySelectorAll("pre")].filter((pre) => pre.scrollHeight > pre.clientHeight + 1).length`,
    );
    assert.equal(cut, 0);
    assert.ok((await page.pdf()).length > 10_000);
    await page.close();
  });

  it("runs nothing that a transcript brings", async () => {
    const attack = `</script><script>alert(1)</script><img src="https://example.com/x" onerror="alert(2)"><style>*{display:none}</style>`;
    const run = await readEvents(
      { ...init, model: attack },
      { type: "user", message: { content: attack } },
      answer("m1", [{ type: "text", text: attack }, toolUse("t1", "Bash", { command: attack, [attack]: 1 })]),
      toolResult("t1", attack),
      { type: "result", result: attack, is_error: true, errors: [attack] },
    );
    const { page, requests, complaints } = await openHtml(renderPage([{ measured: measureRun(run) }]));
    assert.equal(requests.length, 1);
    assert.deepEqual(complaints, []);
    assert.ok(await page.getByText("alert(1)").first().isVisible());
    await page.close();
  });

  it("forbids scripts, styles and pictures that are not its own, should one ever get in", async () => {
    const page = await exampleOfTwoRuns();
    const smuggled = page.replace(
      "<main>",
      `<main><script>alert(1)</script><img src="https://example.com/x" onerror="alert(2)"><p style="color:red">`,
    );
    const opened = await openHtml(smuggled);
    assert.ok(opened.complaints.length >= 3);
    assert.ok(
      opened.complaints.every((text) => /Content Security Policy/.test(text)),
      opened.complaints.join("\n"),
    );
    await opened.page.close();
  });

  it("is the same behind a web server, where the browser asks for no icon", async () => {
    const content = readFileSync(file);
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.setHeader("content-type", "text/html").end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { page, complaints } = await open(desktop, `http://127.0.0.1:${port}/run.html`);
    await page.waitForTimeout(300);
    await page.close();
    server.closeAllConnections();
    server.close();
    assert.deepEqual(asked, ["/run.html"]);
    assert.deepEqual(complaints, []);
  });
});

async function exampleOfTwoRuns(): Promise<string> {
  const read = (name: string): string => readFileSync(join(fixtures, name), "utf8");
  const [first, second] = await Promise.all(
    ["fixes-limiter.jsonl", "reaches-budget.jsonl"].map((name) => readText(read(name), name)),
  );
  assert.ok(first !== undefined && second !== undefined);
  return renderPage([
    { measured: measureRun(first), patch: parsePatch(read("fixes-limiter.patch")) },
    { measured: measureRun(second) },
  ]);
}

async function assertOutline(page: Page): Promise<void> {
  const levels = await page.evaluate<number[]>(
    `[...document.querySelectorAll("h1, h2, h3, h4")].map(({ tagName }) => Number(tagName[1]))`,
  );
  assert.equal(levels[0], 1);
  assert.equal(levels.lastIndexOf(1), 0);
  for (const [index, level] of levels.entries()) assert.ok(level - (levels[index - 1] ?? 1) <= 1);
  await page.close();
}
