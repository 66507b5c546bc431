import { BusError, describeValue } from "../errors.ts";
import { overlapsTemplate, type Pattern, parsePattern, templateProblem } from "../routing/pattern.ts";
import { Router } from "../routing/router.ts";
import type { AnyCatalog, CatalogOf } from "./catalog-types.ts";
import { type AnyDefinition, type EventDrafts, readDefinition, type SchemasIn } from "./event-definition.ts";

/**
 * Makes a catalog: the names and templates a bus knows, with each event's schema, attributes and policies. Takes up to
 * four groups; catalogs can be groups, or be spread into one. A second, other definition of an event is an error, even
 * where a spread would hide it.
 *
 * @throws BusError `INVALID_NAME`, `INVALID_OPTION` or `DUPLICATE_EVENT`, naming the event and the remedy
 * @example
 * const events = defineEvents({
 *   ...systemEvents,
 *   "order.placed": { schema: z.object({ orderId: z.string() }), attributes: { "order.id": (d) => d.orderId } },
 *   "report.{name}.ready": { schema: z.object({ url: z.string() }) },
 * });
 */
export function defineEvents<
  First extends SchemasIn<First>,
  Second extends SchemasIn<Second> = None,
  Third extends SchemasIn<Third> = None,
  Fourth extends SchemasIn<Fourth> = None,
>(
  ...groups: [
    first: EventDrafts<First>,
    second?: EventDrafts<Second>,
    third?: EventDrafts<Third>,
    fourth?: EventDrafts<Fourth>,
  ]
): CatalogOf<First & Second & Third & Fourth> {
  const drafts = new Map<string, unknown>();
  for (const group of groups) addGroup(drafts, group);
  const index = new CatalogIndex(drafts);
  const catalog = Object.fromEntries<unknown>(index.definitions);
  const mark = Symbol("spanbus.catalog"); // one for each catalog, so that spreading two keeps both
  Object.defineProperty(catalog, mark, { value: index, enumerable: true });
  indexes.set(Object.freeze(catalog), index);
  return catalog as CatalogOf<First & Second & Third & Fourth>;
}

type None = Record<never, never>;

/** What a catalog knows about one event name. */
export interface ResolvedEvent {
  readonly definition: AnyDefinition;
  /** The template the name belongs to; undefined where the name itself is in the catalog. */
  readonly template: string | undefined;
}

/**
 * Throws unless `catalog` is one, or a plain object that could be.
 *
 * @throws BusError as `defineEvents` does
 */
export function checkCatalog(catalog: AnyCatalog): void {
  indexOf(catalog);
}

/** Finds an event by its own name, else by the most specific template: leftmost, a literal token beats a parameter. */
export function resolveEvent(catalog: AnyCatalog, name: string): ResolvedEvent | undefined {
  return indexOf(catalog).resolve(name);
}

/** The names and templates a subscription to `pattern` can get events of, in the order of the catalog. */
export function destinationsOf(catalog: AnyCatalog, pattern: Pattern): string[] {
  return indexOf(catalog).destinations(pattern);
}

/** Definitions by name and template, with what finds them by a name. */
class CatalogIndex {
  readonly definitions = new Map<string, AnyDefinition>();
  readonly #names = new Map<string, ResolvedEvent>();
  readonly #templates = new Router<ResolvedEvent>();
  readonly #patterns: Pattern[] = [];

  constructor(drafts: ReadonlyMap<string, unknown>) {
    const keyOf = new Map<string, string>(); // by canonical pattern
    for (const [key, draft] of drafts) {
      const pattern = readKey(key);
      const twin = keyOf.get(pattern.canonical);
      if (twin !== undefined)
        throw duplicate(key, `it means the same names as ${describeValue(twin)}; keep one of them`);
      keyOf.set(pattern.canonical, key);
      this.#patterns.push(pattern);
      this.definitions.set(key, takenOver.has(draft as object) ? (draft as AnyDefinition) : takeOver(key, draft));
    }
    for (const pattern of this.#patterns.toSorted(bySpecificity)) {
      const definition = this.definitions.get(pattern.text)!;
      if (pattern.isExact) this.#names.set(pattern.text, { definition, template: undefined });
      else this.#templates.add(pattern, { definition, template: pattern.text });
    }
  }

  resolve(name: string): ResolvedEvent | undefined {
    return this.#names.get(name) ?? this.#templates.match(name)[0];
  }

  destinations(pattern: Pattern): string[] {
    if (pattern.isExact) {
      const resolved = this.resolve(pattern.text);
      return resolved === undefined ? [] : [resolved.template ?? pattern.text];
    }
    return this.#patterns.filter((each) => overlapsTemplate(pattern, each)).map((each) => each.text);
  }
}

const indexes = new WeakMap<object, CatalogIndex>();
/** Definitions that are checked and frozen: they stay the same object in every catalog they are spread into. */
const takenOver = new WeakSet<object>();

/** A spread catalog is no catalog but holds all of one: its index is made at the first look. */
function indexOf(catalog: AnyCatalog): CatalogIndex {
  let index = indexes.get(catalog);
  if (index === undefined) {
    const drafts = new Map<string, unknown>();
    addGroup(drafts, catalog);
    index = new CatalogIndex(drafts);
    indexes.set(catalog, index);
  }
  return index;
}

function addGroup(drafts: Map<string, unknown>, group: unknown): void {
  if (!isPlainObject(group)) {
    const got = describeValue(group);
    throw new BusError("INVALID_OPTION", `cannot define events: expected a plain object of definitions, got ${got}`);
  }
  checkSpread(group);
  for (const [key, draft] of Object.entries(group)) {
    if (drafts.has(key) && drafts.get(key) !== draft) {
      throw duplicate(key, "another group defines it differently; keep one of them");
    }
    drafts.set(key, draft);
  }
}

/** The marks that spread catalogs left tell what each defined; an entry that differs now was overwritten. */
function checkSpread(group: Readonly<Record<PropertyKey, unknown>>): void {
  for (const mark of Object.getOwnPropertySymbols(group)) {
    const spread = group[mark];
    if (!(spread instanceof CatalogIndex)) continue;
    for (const [key, definition] of spread.definitions) {
      if (!Object.hasOwn(group, key) || group[key] === definition) continue;
      throw duplicate(
        key,
        "a catalog spread into the same object defines it too; rename it, or do not spread that one",
      );
    }
  }
}

function readKey(key: string): Pattern {
  const problem = templateProblem(key);
  if (problem === undefined) return parsePattern(key);
  const remedy = 'write a name such as "order.placed", or a template such as "order.{id}.placed"';
  throw new BusError("INVALID_NAME", `cannot define ${describeValue(key)}: ${problem}; ${remedy}`);
}

function takeOver(key: string, draft: unknown): AnyDefinition {
  const definition = readDefinition(key, draft);
  takenOver.add(definition);
  return definition;
}

/** Literal tokens sort before parameters, the leftmost deciding; only templates of equal length can match one name. */
function bySpecificity(one: Pattern, other: Pattern): number {
  const longer = one.tokens.length - other.tokens.length;
  if (longer !== 0) return longer;
  const decisive = one.tokens.findIndex((token, i) => (token === "*") !== (other.tokens[i] === "*"));
  if (decisive === -1) return 0;
  return one.tokens[decisive] === "*" ? 1 : -1;
}

function isPlainObject(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // whatever the realm; not { "__proto__": … }
}

function duplicate(key: string, reason: string): BusError {
  return new BusError("DUPLICATE_EVENT", `cannot define ${describeValue(key)} twice: ${reason}`);
}
