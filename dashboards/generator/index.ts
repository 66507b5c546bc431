export { type GenerateOptions, generate } from "./generate.ts";
export type { GeneratedFile } from "./generated-file.ts";
export type { StackEvent, StackModel, StackSubscription } from "./model.ts";
export type { StackSource } from "./read-model.ts";
export type { DefaultObjectives } from "./rules/rule-options.ts";
