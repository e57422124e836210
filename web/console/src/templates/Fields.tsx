import type { TemplateFieldRowFragment } from "../operations/generated";
import { texts } from "../texts";

/** The values that a template asks for. */
export function Fields({ fields }: { fields: readonly TemplateFieldRowFragment[] }) {
  if (fields.length === 0) return <p className="quiet">{texts.create.fields(0)}</p>;
  return (
    <ul className="fields">
      {fields.map((field) => (
        <li key={field.name}>
          <span className="strong">{field.label ?? field.name}</span>
          <span className="quiet">{describe(field)}</span>
        </li>
      ))}
    </ul>
  );
}

function describe({ type, filledBy, required, default: fallback, choices }: TemplateFieldRowFragment): string {
  const { fieldTypes, filledBySigner, optional, defaultsTo } = texts.templates;
  return [
    choices.length > 0 ? choices.join(" / ") : fieldTypes[type],
    filledBy === "SIGNER" && filledBySigner,
    !required && optional,
    fallback !== null && defaultsTo(fallback),
  ]
    .filter(Boolean)
    .join(", ");
}
