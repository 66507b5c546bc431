/** The `code` a promise rejects with; `"resolved"` where it resolves, and the error's text where it has no code. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    return typeof code === "string" ? code : String(error);
  }
  return "resolved";
}
