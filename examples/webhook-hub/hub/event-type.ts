/** `issues` for `github.issues.opened`. */
export function eventTypeOf(name: string): string {
  return name.split(".")[1] ?? name;
}
