import { loadPeer } from "./load.ts";

/** A class as Nest's decorators and containers take it. */
export type Class<Instance = unknown> = new (...args: never[]) => Instance;

type ClassDecorator = (target: Class) => void;

interface NestCommon {
  Module(metadata: { readonly imports: readonly unknown[]; readonly providers: readonly Class[] }): ClassDecorator;
  Injectable(): ClassDecorator;
}

interface NestContext {
  get<Instance>(token: Class<Instance>): Instance;
  init(): Promise<unknown>;
}

interface NestCore {
  readonly NestFactory: {
    createApplicationContext(module: Class, options: { readonly logger: false }): Promise<NestContext>;
  };
}

/** Starts a Nest application of these providers. */
export async function startNest(imports: readonly unknown[], providers: readonly Class[]): Promise<NestContext> {
  await loadPeer("reflect-metadata");
  const { Module, Injectable } = await loadPeer<NestCommon>("@nestjs/common");
  const { NestFactory } = await loadPeer<NestCore>("@nestjs/core");
  for (const provider of providers) Injectable()(provider);
  class BenchModule {}
  Module({ imports, providers })(BenchModule);
  const context = await NestFactory.createApplicationContext(BenchModule, { logger: false });
  await context.init();
  return context;
}
