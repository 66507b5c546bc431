import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Comment, type Program, parseSync, type TSSignature, type TSType } from "oxc-parser";
import { systemEvents } from "../src/catalog/system-events.ts";
import { type Doc, readDoc } from "./doc-comment.ts";
import { table } from "./markdown-table.ts";

const ROOT = join(import.meta.dirname, "..");
/** The modules whose exported types have tables in docs/api.md. */
const FRONT_DOORS = ["src/index.ts", "instrumentation/index.ts"];

/** A property or method of a documented type. */
export interface Member {
  /** `timeoutMs`, or with its parameters `replay(id)`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly doc: Doc;
}

/** A type as its file declares it. */
interface Declared {
  readonly doc: Doc;
  readonly members: readonly Member[];
  /** What it extends. */
  readonly bases: readonly string[];
  /** An alias of literals, written out: `"child" | "link"`; of one by a condition, what it is as a rule. */
  readonly literals: string | undefined;
}

/** One table for each type that the front doors export and that has members, by its name. */
export function apiTables(): Readonly<Record<string, () => string>> {
  const { types, exported } = readTypes();
  const named = exported.filter((name) => membersIn(name, types).length > 0);
  return {
    ...Object.fromEntries(named.map((name) => [name, () => membersTable(name, types)])),
    EventBus: () => methodsTable(types.get("EventBus")?.members ?? []),
    "system-events": () => systemEventsTable(types),
  };
}

/** The names of the types of options that the front doors export. */
export function optionTypes(): string[] {
  return readTypes().exported.filter(isOptions);
}

/** Options have a column for their default; other types have none. */
function membersTable(owner: string, types: Types): string {
  const rows = membersIn(owner, types).map((member) => {
    const meaning = meaningOf(member, types);
    if (meaning === "") throw new Error(`${owner}.${member.name} has no doc comment, nor has its type`);
    const cells = [code(member.name), code(typeText(member.type, types))];
    return isOptions(owner) ? [...cells, defaultText(member), meaning] : [...cells, meaning];
  });
  const head = isOptions(owner) ? ["option", "type", "default", "meaning"] : ["field", "type", "meaning"];
  const elsewhere = (types.get(owner)?.bases ?? []).filter(isOptions);
  return [table(head, rows), ...elsewhere.map((base) => `And those of \`${base}\`.`)].join("\n\n");
}

function isOptions(name: string): boolean {
  return /Options$|^EventInit$|^EventDefinition$/.test(name);
}

/** The members of a type, inherited ones too, unless they are options with a table of their own. */
function membersIn(name: string, types: Types): Member[] {
  const { members = [], bases = [] } = types.get(name) ?? {};
  const inherited = bases.filter((base) => !isOptions(base)).flatMap((base) => membersIn(base, types));
  return [...members, ...inherited.filter((each) => !members.some(({ name: own }) => own === each.name))];
}

function methodsTable(members: readonly Member[]): string {
  return table(
    ["method", "what it does"],
    members.map(({ name, doc }) => [code(name), [doc.text, throwsText(doc)].filter((each) => each !== "").join(" ")]),
  );
}

/** The ready-made events: what a catalog with `...systemEvents` has. */
function systemEventsTable(types: Types): string {
  const shapes = new Map(types.get("SystemEvents")?.members.map(({ name, type }) => [name.replaceAll('"', ""), type]));
  const rows = Object.entries(systemEvents).map(([name, { attributes, description = "" }]) => {
    const data = /^EventShape<(\w+)>$/.exec(shapes.get(name) ?? "")?.[1] ?? "";
    const fields = fieldsOf(data, types).map((field) => (field === "error" ? "error: { type, message }" : field));
    const written = Object.keys(attributes ?? {}).map(code);
    return [code(name), description, `\`{ ${fields.join(", ")} }\``, written.join(", ")];
  });
  return table(["event", "when", "data", "on its spans"], rows);
}

/** Names of the fields of a type, inherited ones first, optional ones with `?`. */
function fieldsOf(name: string, types: Types): string[] {
  const { members = [], bases = [] } = types.get(name) ?? {};
  const own = members.map((member) => `${member.name}${member.isRequired ? "" : "?"}`);
  return [...bases.flatMap((base) => fieldsOf(base, types)), ...own];
}

type Types = ReadonlyMap<string, Declared>;

/** What the front doors export, and the types that it and its neighbours are declared as. */
function readTypes(): { readonly types: Types; readonly exported: readonly string[] } {
  const files = new Set<string>();
  const exported = new Set<string>();
  for (const door of FRONT_DOORS) {
    const source = readFileSync(join(ROOT, door), "utf8");
    for (const [, names = "", path = ""] of source.matchAll(/\{([^}]+)\} from "(\.[^"]+)"/g)) {
      files.add(join(dirname(door), path));
      for (const [name] of names.matchAll(/\b[A-Z]\w+/g)) exported.add(name);
    }
  }
  return { types: new Map([...files].flatMap(declarationsIn)), exported: [...exported] };
}

function declarationsIn(file: string): [string, Declared][] {
  const source = readFileSync(join(ROOT, file), "utf8");
  const { program, comments, errors } = parseSync(file, source, { lang: "ts", sourceType: "module" });
  if (errors.length > 0) throw new Error(`cannot parse ${file}: ${errors[0]?.message}`);
  const text = { source, comments };
  return program.body.flatMap((node): [string, Declared][] => {
    const declaration = node.type === "ExportNamedDeclaration" ? node.declaration : node;
    if (declaration === null) return [];
    const declared = readDeclaration(declaration, text);
    const name = nameOf(declaration);
    return declared === undefined || name === undefined ? [] : [[name, { ...declared, doc: docBefore(node, text) }]];
  });
}

type Declaration = Program["body"][number];

interface SourceText {
  readonly source: string;
  readonly comments: readonly Comment[];
}

function nameOf(node: Declaration): string | undefined {
  return "id" in node && node.id !== null && "name" in node.id ? node.id.name : undefined;
}

function readDeclaration(node: Declaration, text: SourceText): Omit<Declared, "doc"> | undefined {
  if (node.type === "TSInterfaceDeclaration") {
    const bases = node.extends.flatMap(({ expression }) => (expression.type === "Identifier" ? [expression.name] : []));
    return { members: node.body.body.flatMap((each) => readSignature(each, text)), bases, literals: undefined };
  }
  if (node.type === "TSTypeAliasDeclaration") {
    const members = membersOf(node.typeAnnotation, text);
    return { members, bases: [], literals: members.length > 0 ? undefined : literalsOf(node.typeAnnotation, text) };
  }
  if (node.type !== "ClassDeclaration") return undefined;
  const members = node.body.body.flatMap((each) => {
    if (each.type !== "MethodDefinition" || each.key.type !== "Identifier" || each.kind === "constructor") return [];
    const parameters = each.value.params.flatMap((param) => parameterOf(param));
    const name = each.kind === "get" && each.key.name !== "publish" ? each.key.name : undefined;
    const called = `${each.key.name}(${each.key.name === "publish" ? "name, data?, options?" : parameters.join(", ")})`;
    return [{ name: name ?? called, type: "", isRequired: true, doc: docBefore(each, text) }];
  });
  return { members, bases: [], literals: undefined };
}

/** The members of a literal type, and of whatever literals an intersection or conditional type is put together from. */
function membersOf(type: TSType, text: SourceText): Member[] {
  if (type.type === "TSTypeLiteral") return type.members.flatMap((each) => readSignature(each, text));
  const parts =
    type.type === "TSIntersectionType"
      ? type.types
      : type.type === "TSConditionalType"
        ? [type.trueType, type.falseType]
        : type.type === "TSParenthesizedType"
          ? [type.typeAnnotation]
          : [];
  const members = parts.flatMap((part) => membersOf(part, text));
  return members.filter(({ name }, index) => members.findIndex((each) => each.name === name) === index);
}

function readSignature(signature: TSSignature, text: SourceText): Member[] {
  if (signature.type !== "TSPropertySignature" && signature.type !== "TSMethodSignature") return [];
  const key = text.source.slice(signature.key.start, signature.key.end);
  if (signature.type === "TSMethodSignature") {
    const name = `${key}(${signature.params.flatMap((param) => parameterOf(param)).join(", ")})`;
    const type = sourceOf(signature.returnType?.typeAnnotation, text);
    return [{ name, type, isRequired: true, doc: docBefore(signature, text) }];
  }
  const type = signature.typeAnnotation?.typeAnnotation;
  const inner = type === undefined ? [] : withoutUndefined(type);
  const [literal] = inner;
  if (inner.length === 1 && literal?.type === "TSTypeLiteral") {
    const nested = literal.members.flatMap((each) => readSignature(each, text));
    return nested.map((each) => ({ ...each, name: `${key}.${each.name}` }));
  }
  const isRequired = !signature.optional;
  return [{ name: key, type: sourceOf(type, text), isRequired, doc: docBefore(signature, text) }];
}

function withoutUndefined(type: TSType): readonly TSType[] {
  return type.type === "TSUnionType" ? type.types.filter((each) => each.type !== "TSUndefinedKeyword") : [type];
}

function parameterOf(param: object): string[] {
  const { name, optional, left } = param as { name?: string; optional?: boolean; left?: { name?: string } };
  if (left?.name !== undefined) return [`${left.name}?`];
  return name === undefined ? [] : [`${name}${optional === true ? "?" : ""}`];
}

function literalsOf(type: TSType, text: SourceText): string | undefined {
  if (type.type === "TSConditionalType" && type.falseType.type === "TSFunctionType")
    return sourceOf(type.falseType, text);
  const parts = type.type === "TSUnionType" ? type.types : [type];
  return parts.every((each) => each.type === "TSLiteralType") ? sourceOf(type, text) : undefined;
}

function sourceOf(node: { readonly start: number; readonly end: number } | undefined, { source }: SourceText): string {
  return node === undefined ? "" : source.slice(node.start, node.end).replaceAll(/\s+/g, " ");
}

/** The doc comment that ends where the node begins, or before its modifiers. */
function docBefore(node: { readonly start: number }, { source, comments }: SourceText): Doc {
  const comment = comments.findLast(({ end, type, value }) => {
    return (
      type === "Block" && value.startsWith("*") && end <= node.start && source.slice(end, node.start).trim() === ""
    );
  });
  return readDoc(comment?.value ?? "");
}

/** A member's own words, or where it has none those of its type. */
function meaningOf({ doc, type }: Member, types: Types): string {
  const name = type.replace(/ \| undefined$/, "").replace(/^Readonly<(\w+)>$/, "$1");
  const text = doc.text === "" ? (types.get(name)?.doc.text ?? "") : doc.text;
  return [text, throwsText(doc)].filter((each) => each !== "").join(" ");
}

function throwsText({ throws }: Doc): string {
  return throws === undefined ? "" : `Throws ${throws.replace(/^BusError /, "")}.`;
}

function defaultText({ doc, isRequired }: Member): string {
  if (doc.default === undefined) return isRequired ? "required" : "–";
  return /^(".*"|-?\d+|true|false)$/.test(doc.default) ? code(doc.default) : doc.default;
}

function typeText(type: string, types: Types): string {
  const bare = type.replace(/ \| undefined$/, "").replace(/^\((.*)\)$/, "$1");
  return types.get(bare.replace(/<.*>$/, ""))?.literals ?? bare;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
