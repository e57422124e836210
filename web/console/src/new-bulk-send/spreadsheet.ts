import { type Table, tableOf } from "./table";

type Cell = string | number | boolean | Date | null;

/** Whether a file is an Excel workbook (.xlsx), which is a ZIP archive. */
export function isSpreadsheet(bytes: ArrayBuffer): boolean {
  const [first, second, third, fourth] = new Uint8Array(bytes.slice(0, 4));
  return first === 0x50 && second === 0x4b && third === 0x03 && fourth === 0x04;
}

/** Read the first sheet of an Excel workbook. Null if it is none, or without a row of names and one row more. */
export async function readSpreadsheet(bytes: ArrayBuffer): Promise<Table | null> {
  const { readSheet } = await import("read-excel-file/universal");
  try {
    const rows = (await readSheet(new Blob([bytes]))) as Cell[][];
    return tableOf(rows.map((row) => row.map(written)).filter((row) => row.some((cell) => cell !== "")));
  } catch {
    return null;
  }
}

/** A cell as a sender would write it in a text file; a date as the API takes it. */
function written(cell: Cell): string {
  if (cell instanceof Date) return cell.toISOString().slice(0, 10);
  return cell === null ? "" : String(cell);
}
