import type { TaskServer, TaskOptions } from "../taskServer/taskServer";

/** Conversations that submit at once, so that many tasks share one commit. */
const conversations = 16;

/** Queues so many tasks and returns their ids, in no certain order. */
export async function submitMany(
  server: TaskServer,
  count: number,
  describe: (number: number) => TaskOptions = () => ({}),
): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const converse = (): Promise<void> =>
    server.control(async (client) => {
      while (next < count) {
        const task = server.describeTask(describe(next));
        next += 1;
        ids.push((await client.submit(task)).id);
      }
    });
  await Promise.all(Array.from({ length: conversations }, converse));
  return ids;
}
