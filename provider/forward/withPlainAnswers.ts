import { dropUndefined } from "./dropUndefined";
import type { Lifecycle } from "./lifecycle";

/** Makes a lifecycle's answers fit for the way to the engine. */
export function withPlainAnswers(lifecycle: Lifecycle): Lifecycle {
  return {
    check: async (olds, news) => dropUndefined(await lifecycle.check(olds, news)),
    diff: async (id, olds, news) => dropUndefined(await lifecycle.diff(id, olds, news)),
    create: async (inputs) => dropUndefined(await lifecycle.create(inputs)),
    read: async (id, props) => dropUndefined(await lifecycle.read(id, props)),
    update: async (id, olds, news) => dropUndefined(await lifecycle.update(id, olds, news)),
    delete: (id, props) => lifecycle.delete(id, props),
  };
}
