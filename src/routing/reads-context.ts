/** `event => …`, `() => …`, `({ data }) => …`, each also async: an arrow function of at most one parameter. */
const CONTEXT_FREE =
  /^(?:async\s*)?(?:[\p{ID_Start}$_][\p{ID_Continue}$]*|\(\s*(?:[\p{ID_Start}$_][\p{ID_Continue}$]*|\{[^{}=]*\})?\s*,?\s*\))\s*=>/u;

const sourceOf = Function.prototype.toString;

/**
 * Whether a handler can see a second argument. Arrow functions have no `arguments` of their own, so one of at most one
 * parameter, neither rest nor default, cannot: for those no context is made, which is most of what calling them would
 * cost. Whatever cannot be told (functions, methods, bound ones, mocks) counts as able to.
 */
export function readsContext(handler: (...args: never[]) => unknown): boolean {
  try {
    return !CONTEXT_FREE.test(sourceOf.call(handler));
  } catch {
    return true; // a callable proxy: it has no source to read
  }
}
