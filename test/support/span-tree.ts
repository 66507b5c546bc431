export { drawTree, type TreeSpan } from "../../src/testing/draw-tree.ts";
