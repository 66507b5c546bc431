import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Attributes } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { TELEMETRY_DEFAULTS, type TelemetryOptions } from "../options.ts";
import type { Sdk } from "../packages.ts";
import type { Environment } from "./environment.ts";

/**
 * Who sends the telemetry. The SDK's detectors are not used: they add the command line, which may hold secrets, and
 * run programs to learn the host's id.
 */
export function buildResource({ resources }: Sdk, options: TelemetryOptions, environment: Environment): Resource {
  const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES } = environment;
  const named: Record<string, string | undefined> = {
    "service.name": options.serviceName ?? (hasOwn(options, "service.name") ? undefined : OTEL_SERVICE_NAME),
    "service.version": options.serviceVersion,
    "service.namespace": options.serviceNamespace,
    "service.instance.id": options.serviceInstanceId,
    "deployment.environment.name": options.environment,
  };
  const attributes: Attributes = {
    "service.name": TELEMETRY_DEFAULTS.serviceName,
    "service.instance.id": randomUUID(),
    "host.name": hostname(),
    "process.pid": process.pid,
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    ...OTEL_RESOURCE_ATTRIBUTES,
    ...options.resourceAttributes,
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
  };
  return resources.defaultResource().merge(resources.resourceFromAttributes(attributes));
}

function hasOwn({ resourceAttributes }: TelemetryOptions, name: string): boolean {
  return resourceAttributes !== undefined && Object.hasOwn(resourceAttributes, name);
}
