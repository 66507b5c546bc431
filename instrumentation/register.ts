import { registerTelemetry } from "./register-telemetry.ts";

/**
 * `node --import spanbus/register app.js`: starts telemetry from the environment alone, before the application.
 */
registerTelemetry();
