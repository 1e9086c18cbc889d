/** Thrown when something can only be mended by the person at the machine; its message says how. */
export class SetupError extends Error {}
