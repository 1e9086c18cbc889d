export const usageText = `Usage: fc-agents report TRANSCRIPT… [-o FILE] [--patch FILE]…

Turns transcripts of agent runs into one self-contained HTML page.

A TRANSCRIPT is what Claude Code prints with --output-format stream-json --verbose, or what an
AgentRun wrote to its transcriptPath; - is standard input.

Options:
  -o, --output FILE   where the page goes (default: standard output)
      --patch FILE    what the run changed, as git diff prints it; the first belongs to the first
                      transcript, the second to the second
  -h, --help          show this text

Exit code: 0 done, 1 the page could not be written, 2 wrong arguments or a file that cannot be read.
`;
