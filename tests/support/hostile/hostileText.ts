import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";

/** A folder in which a file appears as soon as anybody runs what a hostile text says. */
export class Canary {
  public readonly folder = mkdtempSync(join(tmpdir(), "fc-canary-"));

  /** What has been run; nothing, if all is well. */
  public list(): string[] {
    return readdirSync(this.folder);
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Texts that are commands to a shell, to a terminal, to a formatter, or no texts at all. */
export function hostileTexts({ folder }: Canary): string[] {
  const touch = `touch ${folder}/run`;
  // Without a blank, for where blanks are refused.
  const touchTight = `touch\${IFS}${folder}/run`;
  return [
    ...[
      `$(${touch})`,
      `$(${touchTight})`,
      `\`${touch}\``,
      `; ${touch}`,
      `;${touchTight};`,
      `| ${touch}`,
      `& ${touch} &`,
    ],
    ...[
      `&& ${touch}`,
      `|| ${touch}`,
      `\n${touch}\n`,
      `'; ${touch}; '`,
      `"; ${touch}; "`,
      `'$(${touch})'`,
      `\\'; ${touch} #`,
    ],
    ...[
      `> ${folder}/run`,
      `<(${touch})`,
      `\${x:-$(${touch})}`,
      `$((\`${touch}\`))`,
      `!${touch}`,
      `\\\n${touch}`,
      `(${touch})`,
    ],
    ...[
      `'"'"'; ${touch}`,
      `\\'; ${touch}; \\'`,
      `'\\''; ${touch}; '\\''`,
      `%s%n%x %(${touch})`,
      `{{${touch}}}`,
      `\r\n${touch}\r\n`,
    ],
    ...[
      "--help",
      "-",
      "--",
      "-rf /",
      "-oProxyCommand=x",
      "@/etc/passwd",
      "~",
      "~root",
      "*",
      "?",
      "[a-z]*",
      "$HOME",
      "%PATH%",
    ],
    ...[
      "\u001b[31mred\u001b[0m",
      "\u001b]0;title\u0007",
      "\b\b\b",
      "\u0007",
      "\u007f",
      "\u009b31m",
      "\ufeff",
      "\u2028\u2029",
    ],
    ...[
      "'",
      '"',
      "\\",
      "`",
      "$",
      "''",
      "\\\\",
      "\\'",
      "a'b",
      "\t",
      " lead",
      "trail ",
      "a\nb",
      "a\r\nb",
      "\n",
      "",
      " ",
    ],
    ...[
      "null",
      "undefined",
      "true",
      "0",
      "NaN",
      "[object Object]",
      "{}",
      "[]",
      '"}],{',
      "__proto__",
      "constructor",
    ],
    ...[
      "\u0000",
      "a\u0000b",
      "\ud800",
      "a\udfffb",
      "\udc00\ud800",
      "\u{1f600}",
      "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
      "\uffff",
    ],
    ...[
      "\u202egnp.exe",
      "e\u0301",
      "\u00e9",
      "\u0130",
      "\ufb03",
      "%00",
      "%0a",
      "%2e%2e%2f",
      "../../../etc/passwd",
      "C:\\x",
    ],
    ...[
      "<script>alert(1)</script>",
      "' OR 1=1 --",
      "'); DROP TABLE tasks; --",
      "x".repeat(70_000),
      "\u{1f600}".repeat(3000),
    ],
  ];
}

const metacharacters = Array.from("'\"\\$`!#&*?;|<>(){}[]~=%^@:/ \t\n\r-a0\u0001\u001b\u007f\u00e9\u{1f600}");

/** Any text: commands, shell characters, Unicode of every kind, and code units that make no text. */
export function hostileText(canary: Canary): fc.Arbitrary<string> {
  const fixed = fc.constantFrom(...hostileTexts(canary));
  const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 });
  return fc.oneof(
    fixed,
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...metacharacters), maxLength: 60 }),
    codeUnits.map((units) => String.fromCharCode(...units)),
    fc.tuple(fixed, fc.string({ unit: "grapheme" })).map((parts) => parts.join("")),
  );
}
