import { texts } from "../texts";

const SIGNER_FIELDS = ["name", "email", "phone", "message", "externalId"] as const;
export type SignerField = (typeof SIGNER_FIELDS)[number];

/** What a column can be: a field of the signer, or one of the template's values. */
export type Field = SignerField | `values.${string}`;

/** The column of each field; fields without one are absent. */
export type Mapping = Partial<Record<Field, number>>;

const KNOWN_NAMES: Record<SignerField, readonly string[]> = {
  name: ["name", "fullname", "signername", "signer", "contact", "contactname", "recipient", "recipientname"],
  email: ["email", "emailaddress", "mail", "signeremail", "recipientemail", "emailid"],
  phone: ["phone", "phonenumber", "telephone", "tel", "mobile", "cell"],
  message: ["message", "note", "personalmessage"],
  externalId: ["externalid", "id", "reference", "ref", "customerid"],
};

export function valueName(field: Field): string | null {
  return field.startsWith("values.") ? field.slice("values.".length) : null;
}

export function fieldsOf(mergeFields: readonly string[]): Field[] {
  const values = mergeFields.map((name): Field => `values.${name}`);
  return ["name", "email", ...values, "phone", "message", "externalId"];
}

export function isRequired(field: Field): boolean {
  return field === "name" || field === "email" || field.startsWith("values.");
}

export function labelOf(field: Field): string {
  return valueName(field) ?? texts.create.field[field as SignerField];
}

/** Guess each field's column from the columns' names; a column is used once. */
export function guessMapping(headers: readonly string[], fields: readonly Field[]): Mapping {
  const names = headers.map(simplified);
  const taken = new Set<number>();
  const mapping: Mapping = {};
  const assign = (field: Field, wanted: readonly string[]) => {
    const column = names.findIndex((name, index) => !taken.has(index) && wanted.includes(name));
    if (column < 0) return;
    taken.add(column);
    mapping[field] = column;
  };
  // The template's own names go first: its value `id` is not the sender's id.
  const values = fields.filter((field) => valueName(field) !== null);
  values.forEach((field) => assign(field, [simplified(valueName(field) ?? ""), simplified(field)]));
  SIGNER_FIELDS.forEach((field) => assign(field, KNOWN_NAMES[field]));
  return mapping;
}

function simplified(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
