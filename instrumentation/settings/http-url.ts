/** Whether something can be posted to it. */
export function isHttpUrl(text: unknown): boolean {
  return typeof text === "string" && /^https?:\/\/[^/]/i.test(text) && URL.canParse(text);
}

/** The URL with a path appended, whether or not it ends in a slash; its query stays. */
export function appendPath(base: string, path: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url.href;
}

/** Whether the URL leads to this machine without leaving it. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The URL as it may be logged: without credentials. */
export function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
