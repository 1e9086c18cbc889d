import { ModelApi } from "../support/realAgent/modelApi";
import { waitUntil } from "../support/waitUntil";
import type { BootFiles } from "./bootFiles";
import { bootImage } from "./bootImage";
import { OneTask } from "./oneTask";

/** Without KVM, and beside other tests, the agent alone takes half a minute to start. */
export const bootTimeoutMs = 150_000;

/** Boots an image and has its agent do one task, with a stub of the model's API that says hello. */
export async function runTaskInside(
  files: BootFiles,
  image: string,
): Promise<{ result: string; console: string }> {
  const api = await ModelApi.start();
  api.expect({ text: "Hello from the image" });
  const task = await OneTask.serve({
    id: "task-1",
    prompt: "Say hello",
    effort: "low",
    outputFormat: "json",
    token: "sk-ant-oat01-of-the-test",
    env: {
      ANTHROPIC_BASE_URL: `http://172.16.0.1:${new URL(api.url).port}`,
      CLAUDE_CODE_MAX_RETRIES: "0",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    },
  });
  const machine = bootImage(files, image, [`fc_agents.server=http://172.16.0.1:${task.port}`]);
  try {
    await waitUntil("the result has come back", () => task.result !== undefined, bootTimeoutMs);
    // What the agent says once it has been answered.
    await waitUntil("the agent goes on", () => machine.console().includes("was answered by 200"));
    return { result: task.result ?? "", console: machine.console() };
  } catch (error) {
    throw new Error(machine.console(), { cause: error });
  } finally {
    await machine.kill();
    await task.close();
    await api.close();
  }
}
