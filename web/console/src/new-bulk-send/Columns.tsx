import { Choose } from "../components/Choose";
import { texts } from "../texts";
import type { Table } from "./table";
import type { Field, Mapping, Target } from "./fields";

const NONE = "none";

interface Props {
  table: Table;
  targets: readonly Target[];
  mapping: Mapping;
  onChange: (mapping: Mapping) => void;
}

/** Which column is which field. */
export function Columns({ table, targets, mapping, onChange }: Props) {
  const columns = table.headers.map((header, index) => ({ id: String(index), label: header || `#${index + 1}` }));
  const options = [{ id: NONE, label: texts.create.notUsed }, ...columns];
  const set = (field: Field, id: string) => {
    const { [field]: _before, ...others } = mapping;
    onChange(id === NONE ? others : { ...others, [field]: Number(id) });
  };
  return (
    <div>
      <h3>{texts.create.columns}</h3>
      <p className="quiet">{texts.create.columnsHint}</p>
      <div className="columns-grid">
        {targets.map(({ field, label, isRequired, kind }) => {
          const column = mapping[field];
          const sample = column === undefined ? undefined : table.rows[0]?.[column];
          return (
            <div key={field}>
              <Choose
                label={label}
                note={[kind, isRequired && texts.create.required].filter(Boolean).join(", ")}
                options={options}
                value={column === undefined ? NONE : String(column)}
                onChange={(id) => set(field, id)}
              />
              <p className="quiet sample">{sample ? `“${sample}”` : "\u00A0"}</p>
            </div>
          );
        })}
      </div>
    </div>
  );
}
