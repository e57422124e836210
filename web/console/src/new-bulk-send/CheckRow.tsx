import { useState } from "react";
import { Button, FieldError, Input, TextField } from "react-aria-components";

import { Icon } from "../components/Icon";
import { texts } from "../texts";
import type { Field } from "./fields";
import type { RowProblem } from "./problems";

interface Props {
  row: number;
  cells: readonly { field: Field; label: string; value: string }[];
  problems: readonly RowProblem[];
  onWrite: (field: Field, value: string) => void;
  onLeaveOut: () => void;
  onPreview: () => void;
}

/** One row: as text while it is fine, as fields with what is wrong below them otherwise. */
export function CheckRow({ row, cells, problems, onWrite, onLeaveOut, onPreview }: Props) {
  const number = row + 1;
  const hasProblems = problems.length > 0;
  // Whoever mends a row goes on typing in it when it is fine again.
  const [isOpen, setIsOpen] = useState(hasProblems);
  if (hasProblems && !isOpen) setIsOpen(true);
  const others = problems.filter(({ field }) => !cells.some((cell) => cell.field === field));
  return (
    <>
      <span role="rowheader" className="quiet numbers">
        {number}
      </span>
      <div role="cell" className="check-cells">
        {cells.map(({ field, label, value }) => (
          <Cell
            key={field}
            label={texts.create.cell(label, number)}
            value={value}
            messages={problems.filter((problem) => problem.field === field).map(({ message }) => message)}
            isField={isOpen}
            onWrite={(written) => onWrite(field, written)}
          />
        ))}
        {others.map(({ message }) => (
          <p key={message} className="react-aria-FieldError">
            {message}
          </p>
        ))}
      </div>
      <div role="cell" className="check-actions">
        {!hasProblems && (
          <Button className="icon-button" aria-label={texts.create.previewRow(number)} onPress={onPreview}>
            <Icon name="eye" />
          </Button>
        )}
        <Button className="icon-button" aria-label={texts.create.leaveOutRow(number)} onPress={onLeaveOut}>
          <Icon name="close" />
        </Button>
      </div>
    </>
  );
}

function Cell(props: {
  label: string;
  value: string;
  messages: readonly string[];
  isField: boolean;
  onWrite: (value: string) => void;
}) {
  if (!props.isField) return <span className="check-cell">{props.value || "–"}</span>;
  return (
    <TextField
      className="check-cell"
      aria-label={props.label}
      value={props.value}
      onChange={props.onWrite}
      isInvalid={props.messages.length > 0}
    >
      <Input autoComplete="off" />
      <FieldError>{props.messages.join(" ")}</FieldError>
    </TextField>
  );
}
