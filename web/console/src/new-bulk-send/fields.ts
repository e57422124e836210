import type { TemplateFieldRowFragment } from "../operations/generated";
import { texts } from "../texts";

const SIGNER_FIELDS = ["name", "email", "phone", "message", "externalId"] as const;
export type SignerField = (typeof SIGNER_FIELDS)[number];

/** What a column can be: a field of the signer, or one of the template's values. */
export type Field = SignerField | `values.${string}`;

/** A field that a column can be chosen for. `kind`: the type of a value, in words. */
export interface Target {
  field: Field;
  label: string;
  isRequired: boolean;
  kind?: string;
}

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

/** Return a signer's fields with those values of the template that the sender fills in. */
export function fieldsOf(templateFields: readonly TemplateFieldRowFragment[]): Target[] {
  const own = (field: SignerField, isRequired = false): Target => ({ field, label: texts.create.field[field], isRequired });
  const values = templateFields
    .filter(({ filledBy }) => filledBy === "SENDER")
    .map((field): Target => ({
      field: `values.${field.name}`,
      label: field.label ?? field.name,
      isRequired: field.required && field.default === null,
      kind: texts.templates.fieldTypes[field.type],
    }));
  return [own("name", true), own("email", true), ...values, own("phone"), own("message"), own("externalId")];
}

/** Guess each field's column from the columns' names; a column is used once. */
export function guessMapping(headers: readonly string[], targets: readonly Target[]): Mapping {
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
  const values = targets.filter(({ field }) => valueName(field) !== null);
  values.forEach(({ field, label }) => assign(field, [valueName(field) ?? "", field, label].map(simplified)));
  SIGNER_FIELDS.forEach((field) => assign(field, KNOWN_NAMES[field]));
  return mapping;
}

function simplified(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
