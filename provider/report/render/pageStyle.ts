/** The page's look. It has no picture and no font of its own; colours follow the reader's preference. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfa; --raised: #fff; --sunken: #f3f3ef; --line: #dddcd5; --text: #22231f; --soft: #63645c;
  --link: #1f5a8c; --good: #1d6b3c; --bad: #ad2b20; --warn: #845400;
  --add: #e3f4e5; --add-text: #14532a; --del: #fbe7e4; --del-text: #7d1d14;
  --c-output: #2f6fa8; --c-fresh: #c9822b; --c-write: #86a34d; --c-read: #b9bfc4; --c-model: #2f6fa8; --c-tools: #c9822b;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #181917; --raised: #20211f; --sunken: #121311; --line: #393a35; --text: #e4e4de; --soft: #a2a39a;
    --link: #8bbfe8; --good: #7cc894; --bad: #f08d81; --warn: #dcb064;
    --add: #17301e; --add-text: #a8dcb6; --del: #3a1d1a; --del-text: #f2b0a8;
    --c-output: #5c9fd6; --c-fresh: #d99a4a; --c-write: #8fae55; --c-read: #5d6367; --c-model: #5c9fd6; --c-tools: #d99a4a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0 auto; max-width: 56rem; padding: 1.25rem clamp(1rem, 4vw, 2.5rem) 5rem;
  background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
h1, h2, h3, h4, p, dl, dd, ul, ol, figure, pre { margin: 0; }
h1, h2 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; font-weight: 650; }
h3 { font-size: 1.0625rem; font-weight: 650; margin-bottom: 0.75rem; }
h3 small { font-weight: 400; }
small, .remark, .origin { color: var(--soft); font-size: 0.8125rem; }

nav ol { margin: 0.75rem 0 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
nav li { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.125rem 0.75rem; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
nav li a { font-weight: 600; }
nav li small { margin-left: auto; }
.kind { font-size: 0.8125rem; font-weight: 600; letter-spacing: 0; color: var(--soft); }
.jumps { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.875rem; padding-bottom: 1.25rem; }
.jumps a { padding: 0.25rem 0; }
.run + .run, nav ol + *, nav:has(ol) + main { margin-top: 3.5rem; }
.run + .run { border-top: 3px double var(--line); padding-top: 2.5rem; }
.run > section, .run > .leftovers { margin-top: 2.5rem; }

.outcome { font-size: 0.9375rem; font-weight: 600; }
.outcome::before { content: ""; display: inline-block; width: 0.5em; height: 0.5em; margin-right: 0.45em; border-radius: 50%; background: currentColor; vertical-align: 0.08em; }
.run-head > .outcome { margin-top: 0.375rem; }
.succeeded { color: var(--good); } .failed > .label, .bad, .problem { color: var(--bad); }
.outcome.failed { color: var(--bad); } .outcome.unfinished { color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.875rem 1.5rem; margin-top: 1.25rem; }
.facts dt, .label { color: var(--soft); font-size: 0.8125rem; }
.facts dd { font-variant-numeric: tabular-nums; }
.facts small { display: block; line-height: 1.4; }
.origin { margin-top: 1rem; }
.models { margin-top: 1rem; padding-left: 1.1rem; font-size: 0.875rem; }
.prompt { margin-top: 1.5rem; }
.problem { margin-top: 1rem; white-space: pre-wrap; }
.result { margin-top: 1.5rem; padding: 1rem 1.125rem; background: var(--raised); border: 1px solid var(--line); border-left: 3px solid var(--good); border-radius: 4px; }
.result.failed { border-left-color: var(--bad); }
.result h3 { margin-bottom: 0.375rem; }

.text p, details > p { white-space: pre-wrap; }
.text > * + *, details > p + p { margin-top: 0.7em; }
.text .item, details > .item { padding-left: 1.25em; text-indent: -1.25em; }
.text .item + .item, details > .item + .item { margin-top: 0.25em; }
.text .title, details > .title { font-weight: 650; }
code { font-family: var(--mono); font-size: 0.875em; font-variant-ligatures: none; }
p code, li code { padding: 0.1em 0.3em; background: var(--sunken); border-radius: 3px; }
pre { overflow: auto; max-height: 32rem; padding: 0.625rem 0.75rem; background: var(--sunken); border-radius: 4px; font-size: 0.9375rem; line-height: 1.45; overflow-wrap: normal; tab-size: 4; }
pre code { font-size: 0.8125rem; }
.cut, details > .cut { white-space: normal; color: var(--warn); font-size: 0.8125rem; margin: 0.375rem 0; }

figure { margin-top: 1.25rem; }
.timeline .remark { margin-top: 0.5rem; }
figure svg { display: block; width: 100%; height: 7rem; border-bottom: 1px solid var(--line); margin-top: 0.5rem; }
figcaption { display: flex; flex-wrap: wrap; gap: 0.125rem 1rem; font-size: 0.8125rem; color: var(--soft); }
figcaption b { color: var(--text); font-size: 0.875rem; font-weight: 600; }
.key { white-space: nowrap; }
.key i { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 2px; }
.output { fill: var(--c-output); background: var(--c-output); } .fresh { fill: var(--c-fresh); background: var(--c-fresh); }
.write { fill: var(--c-write); background: var(--c-write); } .read { fill: var(--c-read); background: var(--c-read); }
.model, .either { fill: var(--c-model); background: var(--c-model); } .tools { fill: var(--c-tools); background: var(--c-tools); }
.band { fill: transparent; } a:hover > .band { fill: var(--line); } .mark { fill: var(--bad); }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: 0.375rem 0 0.375rem 1.125rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; font-weight: 400; }
thead th { color: var(--soft); font-size: 0.8125rem; }
th:first-child { padding-left: 0; text-align: left; } tbody th { font-weight: 600; white-space: normal; overflow-wrap: anywhere; min-width: 5.5rem; }
.bar { width: 4.5rem; height: 0.5rem; margin-right: 0.5rem; transform: scaleX(-1); }

.turn { padding: 1.125rem 0; border-top: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 14rem; }
.turn > * + * { margin-top: 0.75rem; }
.turn > header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
.turn h4 { font-size: 0.875rem; font-weight: 650; }
.turn header p { color: var(--soft); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.turn:target > header h4 { color: var(--link); }
.sub { padding-left: 1rem; border-left: 2px solid var(--line); }
.note { margin: 0.75rem 0; color: var(--soft); font-size: 0.875rem; }
.folds { float: right; display: flex; gap: 0.5rem; } .folds[hidden] { display: none; }
button { font: inherit; font-size: 0.8125rem; font-weight: 400; color: var(--link); background: none; border: 1px solid var(--line); border-radius: 4px; padding: 0.25rem 0.625rem; cursor: pointer; }

summary { cursor: pointer; color: var(--soft); font-size: 0.875rem; }
details[open] > summary { margin-bottom: 0.5rem; }
.thinking > p { color: var(--soft); font-size: 0.9375rem; }
.tool { background: var(--raised); border: 1px solid var(--line); border-radius: 4px; }
.tool + .tool { margin-top: 0.5rem; }
.tool > summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.125rem 0.625rem; list-style: none; color: var(--text); padding: 0.5rem 0.75rem; }
.tool > summary ~ * { margin-left: 0.75rem; margin-right: 0.75rem; }
.tool[open] { padding-bottom: 0.75rem; }
.tool[open] > summary { margin-bottom: 0; }
.tool > summary::-webkit-details-marker { display: none; }
.tool > summary::before { content: "▸"; color: var(--soft); width: 0.7em; }
.tool[open] > summary::before { content: "▾"; }
.brief { flex: 1 1 12rem; min-width: 0; font-family: var(--mono); font-size: 0.8125rem; color: var(--soft); }
.patch .brief { color: var(--text); }
.tool em { color: var(--bad); font-style: normal; font-weight: 600; }
.took { color: var(--soft); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.tool.failed { border-color: var(--bad); }
.size { font-size: 0.8125rem; font-variant-numeric: tabular-nums; } .added { color: var(--good); } .removed { color: var(--bad); }
.input dt, .tool > .label { margin-top: 0.5rem; margin-bottom: 0.25rem; color: var(--soft); font-size: 0.8125rem; }
.input pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.diff { padding: 0.375rem 0; max-height: none; }
.diff code { display: block; width: max-content; min-width: 100%; }
.diff code > * { display: block; padding: 0 0.75rem; min-height: 1.45em; white-space: pre; text-decoration: none; }
.diff ins { background: var(--add); color: var(--add-text); } .diff del { background: var(--del); color: var(--del-text); }
.diff .hunk { color: var(--soft); padding-top: 0.25rem; padding-bottom: 0.25rem; }
.leftovers ul { padding-left: 1.1rem; font-size: 0.875rem; }

@media (max-width: 34rem) {
  .facts { grid-template-columns: repeat(2, 1fr); gap: 0.75rem 1rem; }
  .brief { flex-basis: 100%; order: 1; padding-left: 1.3em; }
  .bar, .wide { display: none; }
  th, td { padding-left: 0.75rem; } thead th { white-space: normal; }
}
@media print {
  :root { --ground: #fff; --raised: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .folds, .kind { font-size: 0.8125rem; font-weight: 600; letter-spacing: 0; color: var(--soft); }
.jumps { display: none; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; }
  .diff code { width: auto; } .diff code > * { white-space: pre-wrap; }
  .turn { content-visibility: visible; }
  .turn > header, h3 { break-after: avoid; }
  .output, .fresh, .write, .read, .model, .tools, ins, del, .outcome::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
