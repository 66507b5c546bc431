export { createRecordingLogger, type RecordingLogger } from "../../src/testing/recording-logger.ts";
