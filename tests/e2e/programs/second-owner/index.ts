/* The same program in a project of its own: its stack is another owner. */
export * from "../declared/index";
