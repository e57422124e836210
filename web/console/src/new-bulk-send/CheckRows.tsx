import { Suspense, lazy, useState } from "react";
import { Button, Checkbox } from "react-aria-components";

import { Badge } from "../components/Badge";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { VirtualRows } from "../components/VirtualRows";
import type { ProblemFragment } from "../operations/generated";
import { texts } from "../texts";
import { CheckRow } from "./CheckRow";
import { type Draft, includedRows } from "./draft";
import type { Field, Target } from "./fields";
import type { Check } from "./useCheck";

const Preview = lazy(() => import("./Preview"));

interface Props {
  draft: Draft;
  targets: readonly Target[];
  check: Check;
  refusals: readonly ProblemFragment[];
  onChange: (changes: Partial<Draft>) => void;
}

/** Every row with its problems in their place, to be mended or left out. */
export function CheckRows({ draft, targets, check, refusals, onChange }: Props) {
  const [onlyProblems, setOnlyProblems] = useState(true);
  const [previewed, setPreviewed] = useState<number | null>(null);
  const { rows: problems, general } = check.problems;
  const included = includedRows(draft);
  const shown = onlyProblems && problems.size > 0 ? included.filter((row) => problems.has(row)) : included;
  const used = targets.filter(({ field }) => draft.mapping[field] !== undefined);
  const leaveOut = (rows: readonly number[]) => onChange({ leftOut: [...draft.leftOut, ...rows] });
  const write = (row: number, field: Field, value: string) => onChange({ table: withCell(draft, row, field, value) });
  return (
    <>
      <div className="check-head">
        <State check={check} />
        {problems.size > 0 && (
          <>
            <Checkbox className="checkbox" isSelected={onlyProblems} onChange={setOnlyProblems}>
              <span className="checkbox-box" aria-hidden="true" />
              {texts.create.onlyProblems}
            </Checkbox>
            <Button className="button" onPress={() => leaveOut([...problems.keys()])}>
              {texts.create.leaveOutAll}
            </Button>
          </>
        )}
      </div>
      {check.failure && <Notice tone="problem">{check.failure}</Notice>}
      {[...general, ...refusals].map(({ message }) => (
        <Notice key={message} tone="problem">
          {message}
        </Notice>
      ))}
      <div role="table" aria-label={texts.create.check} aria-rowcount={shown.length + 1} className="table check-rows">
        <VirtualRows count={shown.length} estimate={58} rowKey={(index) => String(shown[index])}>
          {(index) => {
            const row = shown[index] as number;
            return (
              <CheckRow
                row={row}
                cells={used.map(({ field, label }) => ({ field, label, value: cellOf(draft, row, field) }))}
                problems={problems.get(row) ?? []}
                onWrite={(field, value) => write(row, field, value)}
                onLeaveOut={() => leaveOut([row])}
                onPreview={() => setPreviewed(row)}
              />
            );
          }}
        </VirtualRows>
      </div>
      <Warnings messages={check.warnings.map(({ message }) => message)} />
      <Suspense>
        {previewed !== null && <Preview draft={draft} row={previewed} onClose={() => setPreviewed(null)} />}
      </Suspense>
    </>
  );
}

function State({ check }: { check: Check }) {
  const { isChecking, isDone, problems } = check;
  return (
    <div role="status">
      {isChecking ? (
        <Badge tone="busy">{texts.create.checking}</Badge>
      ) : problems.rows.size > 0 ? (
        <Badge tone="bad">{texts.create.problems(problems.rows.size)}</Badge>
      ) : isDone && problems.general.length === 0 ? (
        <Badge tone="good">{texts.create.allGood}</Badge>
      ) : null}
    </div>
  );
}

function Warnings({ messages }: { messages: readonly string[] }) {
  if (messages.length === 0) return null;
  return (
    <details className="warnings">
      <summary>
        <Icon name="eye" />
        {texts.create.warnings(messages.length)}
      </summary>
      <ul>
        {messages.map((message, index) => (
          <li key={index}>{message}</li>
        ))}
      </ul>
    </details>
  );
}

function cellOf({ table, mapping }: Draft, row: number, field: Field): string {
  return table?.rows[row]?.[mapping[field] ?? -1] ?? "";
}

function withCell({ table, mapping }: Draft, row: number, field: Field, value: string): Draft["table"] {
  if (!table) return table;
  const column = mapping[field];
  const rows = table.rows.map((cells, index) =>
    index === row ? cells.map((cell, position) => (position === column ? value : cell)) : cells,
  );
  return { ...table, rows };
}
