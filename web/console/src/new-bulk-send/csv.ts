import Papa from "papaparse";

import { type Table, tableOf } from "./table";

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
  return tableOf(parsed.data);
}

/** Excel's own way to name the separator: a first line `sep=;`. */
function withoutSeparatorLine(text: string): { separator: string; content: string } {
  const found = /^"?sep=(.)"?\r?\n/i.exec(text);
  return found ? { separator: found[1] ?? "", content: text.slice(found[0].length) } : { separator: "", content: text };
}
