import { join } from "node:path";
import { describePython } from "../support/taskServer/describePython";

describePython("fc_host/inspect", join(__dirname, "python", "inspect_cases.py"));
