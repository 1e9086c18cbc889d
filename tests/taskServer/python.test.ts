import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describePython } from "../support/taskServer/describePython";

const folder = join(__dirname, "python");

for (const file of readdirSync(folder).filter((name) => name.endsWith("_cases.py"))) {
  describePython(`task_server/${file.replace("_cases.py", ".py")}`, join(folder, file));
}
