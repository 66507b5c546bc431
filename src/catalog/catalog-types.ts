import type { BusEvent } from "../event/event.ts";
import type { EventInit, ReadonlyData } from "../event/event-init.ts";
import type { Handler, HandlerContext } from "../handler.ts";
import type { PublishOptions } from "../options.ts";
import type { PublishResult } from "../outcome.ts";
import type { AnyDefinition, EventDefinition } from "./event-definition.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** The two types of an event's data: as published, and as handlers receive it. */
export interface EventShape<Input = unknown, Output = Input> {
  readonly input: Input;
  readonly output: Output;
}

/** What `defineEvents` returns: every event's definition by name or template. */
export type Catalog<Shapes extends Readonly<Record<string, EventShape>>> = {
  readonly [Name in keyof Shapes]: EventDefinition<Shapes[Name]["input"], Shapes[Name]["output"]>;
};

/** The catalog of a bus without a catalog: any name, any data. */
export interface DefaultCatalog {
  readonly [name: string]: EventDefinition;
}

/** Any catalog at all; what a catalog type parameter extends. */
export type AnyCatalog = Readonly<Record<string, AnyDefinition>>;

/** Every name a catalog allows to publish; a family counts as a template literal type: `report.${string}.ready`. */
export type EventName<Events> = NameOf<keyof Events & string>;

/** What `publish` accepts as the data of the event called `Name`. */
export type InputOf<Events, Name extends string> = ShapeOf<Events, Name>["input"];

/** What handlers receive as the data of the event called `Name`. */
export type DataOf<Events, Name extends string> = ShapeOf<Events, Name>["output"];

/** The events a pattern can match: a union to narrow by `event.name`. */
export type EventsMatching<Events, Pattern extends string> = string extends keyof Events
  ? BusEvent
  : Pattern extends Wild
    ? EventsByKey<Events, Pattern>
    : Pattern extends keyof Events
      ? BusEvent<Pattern, DataOf<Events, Pattern>>
      : EventsByKey<Events, Pattern>;

/** A conditional type, not an indexed mapped one: an editor then shows the union of events, not this alias. */
type EventsByKey<Events, Pattern extends string, Key = keyof Events> = Key extends string
  ? Matches<Pattern, Key> extends true
    ? BusEvent<MatchedName<Pattern, Key>, DataOf<Events, Key>>
    : never
  : never;

/** `Pattern` where it can match an event of the catalog, else a sentence that says it cannot. */
export type ValidPattern<Events, Pattern extends string> =
  Pattern extends Suggested<Events>
    ? Pattern // a look-up; the compiler asks this of every suggestion
    : [EventsMatching<Events, Pattern>] extends [never]
      ? Refused<`no event in the catalog matches "${Pattern}"`>
      : Pattern;

/** A type nothing is assignable to; the compiler's message shows the reason. A bare literal would be auto-completed. */
export type Refused<Reason extends string> = Reason & { readonly [refused]: true };
declare const refused: unique symbol;

/** What a subscription's pattern extends: patterns an editor can offer, and any other for {@link ValidPattern} to judge. */
export type PatternOf<Events> = Suggested<Events> | AnyText;

type Suggested<Events> = "*" | (keyof Events & string) | Wildcards<keyof Events & string>;

type AnyText = string & Record<never, never>; // unlike plain `string`, does not swallow the literals beside it

type Wildcards<Key extends string> = Key extends `${infer Head}.${infer Rest}`
  ? `${Head}.${Rest extends `${string}.${string}` ? "**" : "*"}` | `${Head}.${Wildcards<Rest>}`
  : never;

/** The handler of a subscription; without a catalog it may annotate its event with a type of its own. */
export type HandlerOf<Events, Pattern extends string> = string extends keyof Events
  ? { handle(event: BusEvent, ctx: ContextOf<Events>): unknown }["handle"] // a method: its parameters may narrow
  : Handler<EventsMatching<Events, Pattern>, Publish<Events>>;

/** The `ctx` of a handler under a catalog, for methods and whatever else says its type: `ctx: ContextOf<typeof events>`. */
export type ContextOf<Events> = HandlerContext<Publish<Events>>;

/** `bus.publish` and `ctx.publish`. */
export type Publish<Events> = <Subject extends Publishable<Events>>(
  event: ValidSubject<Events, Subject>,
  ...rest: PublishArguments<Events, Subject>
) => Promise<PublishResult>;

/** What a published thing extends: the name of an event, or an event as `createEvent` makes it, or the like of it. */
type Publishable<Events> = EventName<Events> | AnyText | EventInit<EventName<Events>>;

/** `Subject` where the catalog knows it, else what it should be, or a sentence that says why it cannot be published. */
export type ValidSubject<Events, Subject> = Subject extends string
  ? ValidName<Events, Subject>
  : Subject extends { readonly name: infer Name extends string }
    ? EventInitOf<Name, InputOf<Events, Name>>
    : never;

type ValidName<Events, Name extends string> = Name extends Wild
  ? Refused<`"${Name}" is a pattern, not the name of an event`>
  : Name extends keyof Events
    ? Name
    : Name extends EventName<Events>
      ? ValidPattern<Events, Name>
      : Refused<`no event in the catalog is called "${Name}"`>;

type EventInitOf<Name extends string, Input> = EventInit<Name, ReadonlyData<Input>> &
  (undefined extends Input ? unknown : { readonly data: ReadonlyData<Input> });

/** What follows the event in `publish`: after a name its data, which may be left out where `undefined` is valid. */
type PublishArguments<Events, Subject> = Subject extends string
  ? undefined extends InputOf<Events, Subject>
    ? [data?: InputOf<Events, Subject>, options?: PublishOptions | undefined]
    : [data: InputOf<Events, Subject>, options?: PublishOptions | undefined]
  : [options?: PublishOptions | undefined];

/** The catalog that several groups of drafts make. */
export type CatalogOf<Schemas> = Catalog<{
  [Name in keyof Schemas]: EventShape<
    StandardSchemaV1.InferInput<Schemas[Name]>,
    StandardSchemaV1.InferOutput<Schemas[Name]>
  >;
}>;

/** The shape of an event by its own name, else by the templates the name belongs to. */
type ShapeOf<Events, Name extends string> = Name extends keyof Events
  ? ShapeOfDefinition<Events[Name]>
  : {
      [Key in keyof Events & string]: Matches<Name, Key> extends true ? ShapeOfDefinition<Events[Key]> : never;
    }[keyof Events & string];

type ShapeOfDefinition<Definition> =
  Definition extends EventDefinition<infer Input, infer Output>
    ? EventShape<Input, Output>
    : Definition extends { readonly schema: StandardSchemaV1<infer Input, infer Output> } // not by defineEvents
      ? EventShape<Input, Output>
      : EventShape;

type Wild = `${string}${"*" | "{"}${string}`;

/** A template with its parameters opened: `report.{name}.ready` becomes `report.${string}.ready`. */
type NameOf<Key extends string> = Key extends `${infer Head}{${string}}${infer Tail}`
  ? `${Head}${string}${NameOf<Tail>}`
  : Key;

/** The name seen by a handler: the pattern itself if it is a name, else the key's. */
type MatchedName<Pattern extends string, Key extends string> = Pattern extends Wild
  ? NameOf<Key>
  : Pattern extends NameOf<Key>
    ? Pattern
    : NameOf<Key>;

/** Whether some name matches both the pattern and the catalog key, token by token. */
type Matches<Pattern extends string, Key extends string> = string extends Pattern
  ? true
  : Pattern extends "*"
    ? true
    : MatchesTokens<Pattern, Key>;

type MatchesTokens<Pattern extends string, Key extends string> = Pattern extends "**"
  ? true
  : Pattern extends `${infer PatternHead}.${infer PatternRest}`
    ? Key extends `${infer KeyHead}.${infer KeyRest}`
      ? MatchesToken<PatternHead, KeyHead> extends true
        ? MatchesTokens<PatternRest, KeyRest>
        : false
      : false
    : Key extends `${string}.${string}`
      ? false
      : MatchesToken<Pattern, Key>;

type MatchesToken<PatternToken extends string, KeyToken extends string> = string extends PatternToken
  ? true
  : PatternToken extends "*" | `{${string}}`
    ? true
    : KeyToken extends `{${string}}`
      ? true
      : PatternToken extends KeyToken
        ? true
        : false;
