import Papa from "papaparse";

import type { DocumentRowFragment } from "../operations/generated";

/** Write the outcome of each document as CSV that a spreadsheet opens without running anything in it. */
export function outcomeCsv(documents: readonly DocumentRowFragment[]): string {
  const rows = documents.map(({ signer, externalId, status, delivery, viewedAt, signedAt, declinedAt }) => ({
    name: signer.name,
    email: signer.email,
    phone: signer.phone ?? "",
    external_id: externalId ?? "",
    delivery: delivery.status,
    attempts: delivery.attempts,
    sent_at: delivery.sentAt ?? "",
    error: delivery.error?.code ?? "",
    server_said: delivery.error?.message ?? "",
    document: status,
    viewed_at: viewedAt ?? "",
    signed_at: signedAt ?? "",
    declined_at: declinedAt ?? "",
  }));
  return Papa.unparse(rows, { escapeFormulae: true, newline: "\r\n" });
}

/** Have the browser save a text as a file. The byte order mark tells spreadsheets that it is UTF-8. */
export function saveCsv(name: string, csv: string): void {
  const url = URL.createObjectURL(new Blob(["\uFEFF", csv], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "bulk send"}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
