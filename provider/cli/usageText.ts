export const usageText = `Usage: fc-agents report TRANSCRIPT… [-o FILE] [--patch FILE]…
       fc-agents doctor [USER@]HOST[:PORT] [OPTION]…

report turns transcripts of agent runs into one self-contained HTML page.

A TRANSCRIPT is what Claude Code prints with --output-format stream-json --verbose, or what an
AgentRun wrote to its transcriptPath; - is standard input.

Options of report:
  -o, --output FILE   where the page goes (default: standard output)
      --patch FILE    what the run changed, as git diff prints it; the first belongs to the first
                      transcript, the second to the second

doctor logs in to a host over SSH and looks whether microVMs can run there: KVM, kernel, network
namespaces, programs, memory and more. It needs no stack and changes nothing there.

Options of doctor:
  -p, --port PORT           port of the SSH server (default: ~/.ssh/config, then 22)
  -u, --user USER           user to log in as (default: ~/.ssh/config, then root)
  -i, --identity FILE       private key (default: the SSH agent, then the keys in ~/.ssh)
      --known-hosts FILE    where the host's key stands (default: ~/.ssh/known_hosts)
      --host-key KEY        the host's key itself, "ssh-ed25519 AAAA…" or "SHA256:…"
      --insecure-ignore-host-key
                            takes any host key; whoever stands between can answer in its place
      --sudo                runs the look through sudo, for a user who is not root
      --json                prints what was found as JSON

  -h, --help          show this text

Exit code of report: 0 done, 1 the page could not be written, 2 wrong arguments or a file that cannot
be read. Of doctor: 0 fine, 1 errors were found, 2 wrong arguments or a host that cannot be reached.
`;
