import { useEffect, useState } from "react";
import { Button, type DropItem, DropZone, FileTrigger, Text } from "react-aria-components";

import { saveCsv } from "../bulk-sends/outcome";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { texts } from "../texts";
import { type Table, decode, parseTable } from "./csv";
import { type Target, valueName } from "./fields";

interface Props {
  table: Table | null;
  targets: readonly Target[];
  onChange: (table: Table | null) => void;
}

/** Takes a CSV file or its text: dropped, chosen or pasted. */
export function Recipients({ table, targets, onChange }: Props) {
  const [isUnreadable, setIsUnreadable] = useState(false);
  const take = (text: string) => {
    const parsed = parseTable(text);
    setIsUnreadable(parsed === null);
    if (parsed) onChange(parsed);
  };
  usePaste(table === null, take);
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
        onDrop={({ items }) => void firstText(items).then((text) => text !== null && take(text))}
      >
        <Icon name="file" />
        <Text slot="label">{texts.create.drop}</Text>
        <span className="quiet">{texts.create.dropHint(names)}</span>
        <div className="actions">
          <FileTrigger
            acceptedFileTypes={[".csv", ".tsv", ".txt", "text/csv", "text/plain"]}
            onSelect={(files) => void files?.[0]?.arrayBuffer().then((bytes) => take(decode(bytes)))}
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

async function firstText(items: readonly DropItem[]): Promise<string | null> {
  for (const item of items) {
    if (item.kind === "file") return decode(await (await item.getFile()).arrayBuffer());
    if (item.kind === "text" && item.types.has("text/plain")) return item.getText("text/plain");
  }
  return null;
}

function exampleOf(names: readonly string[]): string {
  const values: Record<string, string> = { name: "Ada Lovelace", email: "ada@example.com" };
  return `${names.join(",")}\r\n${names.map((name) => values[name] ?? "…").join(",")}\r\n`;
}
