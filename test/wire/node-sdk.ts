import { NodeSDK } from "@opentelemetry/sdk-node";

let sdk: NodeSDK | undefined;

/** Registers OpenTelemetry's own set-up of SDK 3, with nothing but the environment to go by. */
export function startSdk(): void {
  sdk = new NodeSDK();
  sdk.start();
}

export async function stopSdk(): Promise<void> {
  await sdk?.shutdown();
}
