import { defineEvents } from "./catalog.ts";
import type { Catalog, EventShape } from "./catalog-types.ts";
import { anyText, milliseconds, optional, record, schemaOf, text } from "./system-schema.ts";

/** Fields beyond the named ones: the schemas keep them. */
interface Details {
  readonly [detail: string]: unknown;
}

/** What went wrong, as plain data. */
export interface ErrorSummary extends Details {
  /** The error's class or code, low-cardinality: `TimeoutError`. */
  readonly type: string;
  readonly message: string;
}

/** Data of `resource.registered` and `resource.cleanup`. */
export interface ResourceData extends Details {
  /** The name or id of the resource. */
  readonly resource: string;
  /** What sort of resource it is: `database`, `file`, `repository`. */
  readonly kind?: string | undefined;
}

/** Data of `resource.error`. */
export interface ResourceErrorData extends ResourceData {
  readonly error: ErrorSummary;
}

/** Data of `connection.registered` and `connection.configured`. */
export interface ConnectionData extends Details {
  /** The name or id of the connection. */
  readonly connection: string;
  /** What it connects to: `postgres`, `github`. */
  readonly kind?: string | undefined;
}

/** Data of `connection.error`. */
export interface ConnectionErrorData extends ConnectionData {
  readonly error: ErrorSummary;
}

/** Data of `action.{name}.start`. */
export interface ActionStartData extends Details {
  /** The name of the action, as in the event's name. */
  readonly action: string;
  /** What it was called with, where the publisher says so. */
  readonly input?: unknown;
}

/** Data of `action.{name}.success`. */
export interface ActionSuccessData extends Details {
  /** The name of the action, as in the event's name. */
  readonly action: string;
  /** How long the action ran, in milliseconds. */
  readonly durationMs: number;
}

/** Data of `action.{name}.failure`. */
export interface ActionFailureData extends ActionSuccessData {
  readonly error: ErrorSummary;
}

/** Data of `plugin.registered` and `plugin.initialized`. */
export interface PluginData extends Details {
  /** The name of the plugin. */
  readonly plugin: string;
  readonly version?: string | undefined;
}

/** Data of `plugin.error`. */
export interface PluginErrorData extends PluginData {
  readonly error: ErrorSummary;
}

/** The events of {@link systemEvents} with their data. */
export type SystemEvents = {
  /** A resource became available. */
  readonly "resource.registered": EventShape<ResourceData>;
  /** A resource was released. */
  readonly "resource.cleanup": EventShape<ResourceData>;
  /** A resource failed. */
  readonly "resource.error": EventShape<ResourceErrorData>;
  /** A connection became known. */
  readonly "connection.registered": EventShape<ConnectionData>;
  /** A connection got its settings. */
  readonly "connection.configured": EventShape<ConnectionData>;
  /** A connection failed. */
  readonly "connection.error": EventShape<ConnectionErrorData>;
  /** An action began. */
  readonly "action.{name}.start": EventShape<ActionStartData>;
  /** An action ended well. */
  readonly "action.{name}.success": EventShape<ActionSuccessData>;
  /** An action failed. */
  readonly "action.{name}.failure": EventShape<ActionFailureData>;
  /** A plugin became known. */
  readonly "plugin.registered": EventShape<PluginData>;
  /** A plugin is ready. */
  readonly "plugin.initialized": EventShape<PluginData>;
  /** A plugin failed. */
  readonly "plugin.error": EventShape<PluginErrorData>;
};

const failure = record({ type: text, message: anyText });

const resource = { resource: text, kind: optional(text) };
const resourceSchema = schemaOf<ResourceData>(record(resource));
const resourceErrorSchema = schemaOf<ResourceErrorData>(record({ ...resource, error: failure }));
const resourceAttributes = {
  "resource.name": (data: ResourceData) => data.resource,
  "resource.kind": (data: ResourceData) => data.kind,
};

const connection = { connection: text, kind: optional(text) };
const connectionSchema = schemaOf<ConnectionData>(record(connection));
const connectionErrorSchema = schemaOf<ConnectionErrorData>(record({ ...connection, error: failure }));
const connectionAttributes = {
  "connection.name": (data: ConnectionData) => data.connection,
  "connection.kind": (data: ConnectionData) => data.kind,
};

const plugin = { plugin: text, version: optional(text) };
const pluginSchema = schemaOf<PluginData>(record(plugin));
const pluginErrorSchema = schemaOf<PluginErrorData>(record({ ...plugin, error: failure }));
const pluginAttributes = {
  "plugin.name": (data: PluginData) => data.plugin,
  "plugin.version": (data: PluginData) => data.version,
};

const ended = { action: text, durationMs: milliseconds };

/**
 * Events about resources, connections, actions and plugins, ready for a catalog: `defineEvents({ ...systemEvents })`,
 * or a bus's whole catalog: `new EventBus({ events: systemEvents })`. Fields beyond the named ones are kept; names,
 * kinds, versions and error types become span attributes, nothing else does.
 */
export const systemEvents: Catalog<SystemEvents> = defineEvents({
  "resource.registered": {
    schema: resourceSchema,
    attributes: resourceAttributes,
    description: "A resource became available.",
  },
  "resource.cleanup": {
    schema: resourceSchema,
    attributes: resourceAttributes,
    description: "A resource was released.",
  },
  "resource.error": {
    schema: resourceErrorSchema,
    attributes: { ...resourceAttributes, "resource.error.type": (data) => data.error.type },
    description: "A resource failed.",
  },
  "connection.registered": {
    schema: connectionSchema,
    attributes: connectionAttributes,
    description: "A connection became known.",
  },
  "connection.configured": {
    schema: connectionSchema,
    attributes: connectionAttributes,
    description: "A connection got its settings.",
  },
  "connection.error": {
    schema: connectionErrorSchema,
    attributes: { ...connectionAttributes, "connection.error.type": (data) => data.error.type },
    description: "A connection failed.",
  },
  "action.{name}.start": {
    schema: schemaOf<ActionStartData>(record({ action: text })),
    attributes: { "action.name": (data) => data.action },
    description: "An action began.",
  },
  "action.{name}.success": {
    schema: schemaOf<ActionSuccessData>(record(ended)),
    attributes: { "action.name": (data) => data.action },
    description: "An action ended well.",
  },
  "action.{name}.failure": {
    schema: schemaOf<ActionFailureData>(record({ ...ended, error: failure })),
    attributes: { "action.name": (data) => data.action, "action.error.type": (data) => data.error.type },
    description: "An action failed.",
  },
  "plugin.registered": {
    schema: pluginSchema,
    attributes: pluginAttributes,
    description: "A plugin became known.",
  },
  "plugin.initialized": {
    schema: pluginSchema,
    attributes: pluginAttributes,
    description: "A plugin is ready.",
  },
  "plugin.error": {
    schema: pluginErrorSchema,
    attributes: { ...pluginAttributes, "plugin.error.type": (data) => data.error.type },
    description: "A plugin failed.",
  },
});
