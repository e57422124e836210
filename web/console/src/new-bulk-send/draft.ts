import type { CreateBulkSendInput, SignerInput } from "../operations/generated";
import type { Table } from "./table";
import { type Field, type Mapping, type SignerField, valueName } from "./fields";

const DRAFT = "bulksend:draft";
const ATTEMPT = "bulksend:attempt";
const CREATED = "bulksend:created";

/** What has been entered so far. `leftOut`: the rows that are not sent to, by their index. */
export interface Draft {
  templateId: string | null;
  name: string;
  emailMessage: string;
  table: Table | null;
  mapping: Mapping;
  leftOut: number[];
}

/** A create that was sent and has no answer yet: asked again with the same key it is done once. */
export interface Attempt {
  input: CreateBulkSendInput;
}

export const EMPTY: Draft = { templateId: null, name: "", emailMessage: "", table: null, mapping: {}, leftOut: [] };

export function storedDraft(): Draft {
  return read<Draft>(DRAFT) ?? EMPTY;
}

export function storeDraft(draft: Draft): void {
  write(DRAFT, draft);
}

export function storedAttempt(): Attempt | null {
  return read<Attempt>(ATTEMPT);
}

/** Keep the attempt before it is sent. Raise if the browser has no room: then it must not be sent. */
export function storeAttempt(attempt: Attempt | null): void {
  if (attempt) sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  else sessionStorage.removeItem(ATTEMPT);
}

export function discardDraft(): void {
  sessionStorage.removeItem(DRAFT);
}

/** Keep what was created until another page is opened: a reload that began before the answer has to find it. */
export function storeCreated(id: string): void {
  write(CREATED, id);
}

/** Return and forget the id of what was created last. */
export function takeCreated(): string | null {
  const id = read<string>(CREATED);
  sessionStorage.removeItem(CREATED);
  return id;
}

/** Return the rows that are sent to, by their index in the file. */
export function includedRows({ table, leftOut }: Draft): number[] {
  const out = new Set(leftOut);
  return table ? [...table.rows.keys()].filter((row) => !out.has(row)) : [];
}

export function inputOf(draft: Draft, rows: readonly number[]): CreateBulkSendInput {
  const message = draft.emailMessage.trim();
  return {
    templateId: draft.templateId ?? "",
    name: draft.name.trim(),
    ...(message && { emailMessage: message }),
    signers: rows.map((row) => signerOf(draft, row)),
  };
}

function signerOf({ table, mapping }: Draft, row: number): SignerInput {
  const cell = (field: Field) => table?.rows[row]?.[mapping[field] ?? -1] ?? "";
  const optional = (["phone", "message", "externalId"] satisfies SignerField[]).filter((field) => cell(field) !== "");
  const values = valueFields(mapping).filter((field) => cell(field) !== "");
  return {
    name: cell("name"),
    email: cell("email"),
    ...Object.fromEntries(optional.map((field) => [field, cell(field)])),
    ...(values.length > 0 && {
      values: values.map((field) => ({ field: valueName(field) ?? "", value: cell(field) })),
    }),
  };
}

function valueFields(mapping: Mapping): Field[] {
  return (Object.keys(mapping) as Field[]).filter((field) => valueName(field) !== null);
}

function read<Value>(name: string): Value | null {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null") as Value | null;
  } catch {
    return null;
  }
}

function write(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    sessionStorage.removeItem(name); // The browser has no room for it: only a reload would miss it.
  }
}
