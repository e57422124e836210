import { useEffect, useState } from "react";
import { Button, type DropItem, DropZone, FileTrigger, Text } from "react-aria-components";

import { saveCsv } from "../bulk-sends/outcome";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { texts } from "../texts";
import { decode, parseTable } from "./csv";
import { type Target, valueName } from "./fields";
import { isSpreadsheet, readSpreadsheet } from "./spreadsheet";
import type { Table } from "./table";

interface Props {
  table: Table | null;
  targets: readonly Target[];
  onChange: (table: Table | null) => void;
}

/** Takes a CSV file, its text or an Excel workbook: dropped, chosen or pasted. */
export function Recipients({ table, targets, onChange }: Props) {
  const [isUnreadable, setIsUnreadable] = useState(false);
  const take = (read: Table | null) => {
    setIsUnreadable(read === null);
    if (read) onChange(read);
  };
  usePaste(table === null, (text) => take(parseTable(text)));
  if (table) {
    return (
      <div className="chosen">
        <span className="with-icon strong">
          <Icon name="file" />
          {texts.create.rows(table.rows.length)}
        </span>
        <Button className="button" onPress={() => onChange(null)}>
          {texts.create.replace}
        </Button>
      </div>
    );
  }
  const names = targets.filter(({ isRequired }) => isRequired).map(({ field }) => valueName(field) ?? field);
  return (
    <>
      {isUnreadable && <Notice tone="problem">{texts.create.unreadable}</Notice>}
      <DropZone
        className="drop"
        getDropOperation={() => "copy"}
        onDrop={({ items }) => void firstTable(items).then((read) => read !== undefined && take(read))}
      >
        <Icon name="file" />
        <Text slot="label">{texts.create.drop}</Text>
        <span className="quiet">{texts.create.dropHint(names)}</span>
        <div className="actions">
          <FileTrigger
            acceptedFileTypes={[".csv", ".tsv", ".txt", ".xlsx", "text/csv", "text/plain"]}
            onSelect={(files) => void files?.[0]?.arrayBuffer().then(readTable).then(take)}
          >
            <Button className="button">{texts.create.choose}</Button>
          </FileTrigger>
          <Button className="button button-quiet" onPress={() => saveCsv("recipients", exampleOf(names))}>
            {texts.create.example}
          </Button>
        </div>
      </DropZone>
    </>
  );
}

/** Take what is pasted anywhere but into a field. */
function usePaste(isOn: boolean, take: (text: string) => void): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const paste = (event: ClipboardEvent) => {
      const isInField = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      const text = event.clipboardData?.getData("text/plain");
      if (isInField || !text) return;
      event.preventDefault();
      take(text);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  });
}

/** The table of what was dropped: null if it is none, undefined without a file or a text. */
async function firstTable(items: readonly DropItem[]): Promise<Table | null | undefined> {
  for (const item of items) {
    if (item.kind === "file") return readTable(await (await item.getFile()).arrayBuffer());
    if (item.kind === "text" && item.types.has("text/plain")) return parseTable(await item.getText("text/plain"));
  }
  return undefined;
}

async function readTable(bytes: ArrayBuffer): Promise<Table | null> {
  return isSpreadsheet(bytes) ? readSpreadsheet(bytes) : parseTable(decode(bytes));
}

function exampleOf(names: readonly string[]): string {
  const values: Record<string, string> = { name: "Ada Lovelace", email: "ada@example.com" };
  return `${names.join(",")}\r\n${names.map((name) => values[name] ?? "…").join(",")}\r\n`;
}
