/** Thrown when a command was called in a way that it does not understand. Its message is all that the caller sees. */
export class UsageError extends Error {}
