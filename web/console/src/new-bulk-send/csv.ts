import Papa from "papaparse";

/** A CSV file's first row, and the others as long as it. */
export interface Table {
  headers: string[];
  rows: string[][];
}

/** Read a file's text: UTF-8, UTF-16 with its byte order mark, or what Windows writes otherwise. */
export function decode(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Parse CSV, or cells copied from a spreadsheet. Null without a row of names and one row more. */
export function parseTable(text: string): Table | null {
  const { separator, content } = withoutSeparatorLine(text.replace(/^\uFEFF/, ""));
  const parsed = Papa.parse<string[]>(content, { delimiter: separator, skipEmptyLines: "greedy" });
  const [first, ...rest] = parsed.data;
  if (!first || rest.length === 0) return null;
  const headers = first.map(clean);
  const rows = rest.map((row) => headers.map((_header, column) => clean(row[column] ?? "")));
  return headers.some((header) => header !== "") ? { headers, rows } : null;
}

/** Excel's own way to name the separator: a first line `sep=;`. */
function withoutSeparatorLine(text: string): { separator: string; content: string } {
  const found = /^"?sep=(.)"?\r?\n/i.exec(text);
  return found ? { separator: found[1] ?? "", content: text.slice(found[0].length) } : { separator: "", content: text };
}

function clean(cell: string): string {
  return cell.replace(/[\u200B\u200C\u200D\u2060\uFEFF]/g, "").trim();
}
