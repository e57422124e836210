/** The first row of a file of recipients, and the others as long as it. */
export interface Table {
  headers: string[];
  rows: string[][];
}

/** Make a table of rows of cells. Null without a row of names and one row more. */
export function tableOf(cells: readonly (readonly string[])[]): Table | null {
  const [first, ...rest] = cells;
  if (!first || rest.length === 0) return null;
  const headers = first.map(clean);
  const rows = rest.map((row) => headers.map((_header, column) => clean(row[column] ?? "")));
  return headers.some((header) => header !== "") ? { headers, rows } : null;
}

function clean(cell: string): string {
  return cell.replace(/[\u200B\u200C\u200D\u2060\uFEFF]/g, "").trim();
}
