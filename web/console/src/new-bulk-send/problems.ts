import type { CreateBulkSendInput, ProblemFragment } from "../operations/generated";
import type { Field, SignerField } from "./fields";

export interface RowProblem {
  field: Field | null;
  message: string;
}

/** What stands in the way: `rows` by the row's index in the file, `general` about no row. */
export interface Problems {
  rows: ReadonlyMap<number, readonly RowProblem[]>;
  general: readonly ProblemFragment[];
}

export const NONE: Problems = { rows: new Map(), general: [] };

/** Sort the gateway's errors by row. `sent`: the rows of the input's signers, in their order. */
export function problemsOf(
  errors: readonly ProblemFragment[],
  input: CreateBulkSendInput,
  sent: readonly number[],
): Problems {
  const rows = new Map<number, RowProblem[]>();
  const general: ProblemFragment[] = [];
  for (const error of errors) {
    const row = error.field?.[0] === "signers" ? sent[Number(error.field[1])] : undefined;
    if (row === undefined) general.push(error);
    else rows.set(row, [...(rows.get(row) ?? []), { field: fieldOf(error, input), message: error.message }]);
  }
  return { rows, general };
}

/** Return the field that an error is about; null when it is about the row as a whole. */
function fieldOf({ field, message }: ProblemFragment, { signers }: CreateBulkSendInput): Field | null {
  const [, index, name, position] = field ?? [];
  if (name !== "values") return (name as SignerField | undefined) ?? null;
  const named = position === undefined ? nameIn(message) : position;
  const value = signers[Number(index)]?.values?.[Number(named)]?.field ?? named;
  return value === undefined ? null : `values.${value}`;
}

/** A value that is missing has no place in the input, so only the message names it. */
function nameIn(message: string): string | undefined {
  return /must have ([\w.-]+)/.exec(message)?.[1];
}
