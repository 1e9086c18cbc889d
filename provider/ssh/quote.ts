/** Characters that no shell gives a meaning to, wherever they stand in a word. */
const plainWord = /^[A-Za-z0-9_/:.,@+-]+$/;

/**
 * Turns an argument vector into one command line for the login shell that sshd hands it to. Works for POSIX
 * shells, and also for fish, which reads a backslash inside single quotes: so none is left inside.
 */
export function quote(argv: readonly string[]): string {
  if (argv.length === 0) throw new TypeError("Expected a command to have at least one word");
  return argv.map(quoteWord).join(" ");
}

function quoteWord(word: string): string {
  if (word.includes("\0")) throw new TypeError("Expected a command's word to hold no NUL character");
  if (plainWord.test(word)) return word;
  return `'${word.replaceAll(/['\\]/g, (character) => `'\\${character}'`)}'`;
}
