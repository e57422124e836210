import { useQuery } from "@apollo/client/react";
import { useEffect, useMemo, useState } from "react";
import { Input, Label, Text, TextArea, TextField } from "react-aria-components";
import { Link, useSearchParams } from "wouter";

import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { TemplateDocument, type TemplateFieldRowFragment } from "../operations/generated";
import { texts } from "../texts";
import { CheckRows } from "./CheckRows";
import { Columns } from "./Columns";
import { type Draft, includedRows, inputOf, storeDraft, storedDraft } from "./draft";
import { fieldsOf, guessMapping } from "./fields";
import { Recipients } from "./Recipients";
import { SendButton } from "./SendButton";
import { TemplateChoice } from "./TemplateChoice";
import { useCheck } from "./useCheck";
import { useSend } from "./useSend";

const NO_FIELDS: readonly TemplateFieldRowFragment[] = [];

export default function NewBulkSend() {
  const [draft, change] = useDraft();
  const { data } = useQuery(TemplateDocument, {
    variables: { id: draft.templateId ?? "" },
    skip: draft.templateId === null,
  });
  const template = draft.templateId === null ? null : data?.template;
  const templateFields = (template?.fields as readonly TemplateFieldRowFragment[] | undefined) ?? NO_FIELDS;
  const targets = useMemo(() => fieldsOf(templateFields), [templateFields]);
  const rows = useMemo(() => includedRows(draft), [draft]);
  const missing = targets.filter(({ field, isRequired }) => isRequired && draft.mapping[field] === undefined);
  const input = useMemo(
    () => (template && draft.table && rows.length > 0 && missing.length === 0 ? inputOf(draft, rows) : null),
    [template, draft, rows, missing.length],
  );
  const check = useCheck(input, rows);
  const sending = useSend();

  // Another template may know columns by their names, and the fields of this one may come while a file is read.
  useEffect(() => {
    if (draft.table) change({ mapping: { ...guessMapping(draft.table.headers, targets), ...draft.mapping } });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [targets, draft.table]);

  return (
    <>
      <Link href="/" className="back">
        <Icon name="back" />
        {texts.watch.back}
      </Link>
      <div className="page-head">
        <h1>{texts.create.title}</h1>
      </div>
      {sending.isResumed && <Notice>{texts.create.resumed}</Notice>}
      {sending.failure && <Notice tone="problem">{sending.failure}</Notice>}
      <div className="stack">
        <section className="card stack" aria-labelledby="template">
          <h2 id="template">{texts.create.steps.template}</h2>
          <TemplateChoice chosen={template ?? null} onChange={(templateId) => change({ templateId })} />
          <TextField value={draft.name} onChange={(name) => change({ name })} maxLength={200} isRequired>
            <Label>{texts.create.name}</Label>
            <Input autoComplete="off" />
            <Text slot="description">{texts.create.nameHint}</Text>
          </TextField>
          <TextField value={draft.emailMessage} onChange={(emailMessage) => change({ emailMessage })} maxLength={1000}>
            <Label>{texts.create.message}</Label>
            <TextArea rows={3} />
            <Text slot="description">{texts.create.messageHint}</Text>
          </TextField>
        </section>
        <section className="card stack" aria-labelledby="recipients">
          <h2 id="recipients">{texts.create.steps.recipients}</h2>
          <Recipients
            table={draft.table}
            targets={targets}
            onChange={(table) => change({ table, leftOut: [], mapping: table ? guessMapping(table.headers, targets) : {} })}
          />
          {draft.table && <Columns table={draft.table} targets={targets} mapping={draft.mapping} onChange={(mapping) => change({ mapping })} />}
          {draft.table && missing.length > 0 && (
            <Notice tone="problem">{texts.create.missingColumns(missing.map(({ label }) => label))}</Notice>
          )}
        </section>
        {draft.table && input && (
          <section className="card stack" aria-labelledby="check">
            <h2 id="check">{texts.create.steps.check}</h2>
            <CheckRows draft={draft} targets={targets} check={check} refusals={sending.refusals} onChange={change} />
            <SendButton
              count={rows.length}
              check={check}
              isReady={check.isDone && draft.name.trim() !== ""}
              sending={sending}
              onSend={() => sending.send(input)}
            />
          </section>
        )}
      </div>
    </>
  );
}

/** What was entered, kept for a reload. */
function useDraft(): [Draft, (changes: Partial<Draft>) => void] {
  const [parameters] = useSearchParams();
  const [draft, setDraft] = useState<Draft>(() => {
    const stored = storedDraft();
    return { ...stored, templateId: parameters.get("template") ?? stored.templateId };
  });
  useEffect(() => storeDraft(draft), [draft]);
  return [draft, (changes) => setDraft((before) => ({ ...before, ...changes }))];
}
