import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { quote } from "../../provider/ssh/quote";

/** What a program gets when a real shell reads the command line. */
function readBack(commandLine: string, shell: string): string[] {
  const printer = `process.stdout.write(JSON.stringify(process.argv.slice(1)))`;
  const output = execFileSync(shell, [
    "-c",
    `${quote([process.execPath, "-e", printer, "--"])} ${commandLine}`,
  ]);
  const parsed: unknown = JSON.parse(output.toString("utf8"));
  assert.ok(Array.isArray(parsed));
  return parsed.map(String);
}

describe("quote", () => {
  it("leaves plain words as they are and puts everything else in single quotes", () => {
    assert.equal(quote(["python3", "-I", "/var/lib/x.pyz", "a b", ""]), "python3 -I /var/lib/x.pyz 'a b' ''");
  });

  it("quotes what a shell would read as an assignment, a home folder or a job", () => {
    assert.equal(quote(["A=b", "~", "%1"]), "'A=b' '~' '%1'");
  });

  it("leaves no backslash inside single quotes, which fish would read", () => {
    assert.equal(quote(["a\\b'c"]), String.raw`'a'\\'b'\''c'`);
  });

  it("refuses a NUL character and an empty command", () => {
    assert.throws(() => quote(["a\0b"]), TypeError);
    assert.throws(() => quote([]), TypeError);
  });

  // Many words in one shell: a process each would take a minute.
  const word = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...Array.from("'\"\\$`!#&*?;|<>(){}[]~=%^ \t\n\r-a0")) }),
  );
  const words = fc.array(
    word.map((text) => text.replaceAll("\0", "").toWellFormed()),
    { minLength: 200, maxLength: 300 },
  );
  for (const shell of ["sh", "bash"]) {
    it(`hands any words to a program unchanged through ${shell}`, () => {
      fc.assert(
        fc.property(words, (argv) => {
          assert.deepEqual(readBack(quote(argv), shell), argv);
        }),
        { numRuns: 8 },
      );
    });
  }
});
