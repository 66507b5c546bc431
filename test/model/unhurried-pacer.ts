/**
 * Imported before the bus: loads its pacer under a clock that stands still. A queue that is emptied in two turns of the
 * event loop, because the machine was slow, may be full in between; a model of what is counted cannot know.
 */
const { now } = performance;
performance.now = () => 0;
await import("../../src/publishing/pacer.ts");
performance.now = now;
