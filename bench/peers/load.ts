/**
 * Loads a package of `bench/peers`. They are no dependencies of the repository, so its type check must not need them:
 * whoever loads one says what it uses of it.
 */
export async function loadPeer<Module>(name: string): Promise<Module> {
  const specifier: string = name;
  return import(specifier);
}
