#!/usr/bin/env node
import { runCommandLine } from "./runCommandLine";

// No process.exit(): what is on its way through a pipe must get there.
void runCommandLine(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
