import { useMutation, useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { Button, FieldError, Form, Input, Label, Text, TextArea, TextField } from "react-aria-components";
import { Link, useLocation, useSearchParams } from "wouter";

import { DocumentFrame } from "../components/DocumentFrame";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { CreateTemplateDocument, type ProblemFragment, TemplateDocument } from "../operations/generated";
import { texts } from "../texts";
import { Fields } from "./Fields";
import { usePreview } from "./usePreview";

const START = `# Agreement

Between us and **{{ signer.name }}** ({{ signer.email }}) of {{ values.company }}.
`;

interface Entered {
  name: string;
  description: string;
  body: string;
}

export default function NewTemplate() {
  const [parameters] = useSearchParams();
  const original = parameters.get("from");
  const { data } = useQuery(TemplateDocument, { variables: { id: original ?? "" }, skip: original === null });
  const [entered, setEntered] = useState<Entered>({ name: "", description: "", body: original === null ? START : "" });
  const copied = data?.template;
  useEffect(() => {
    if (copied?.body) setEntered({ name: copied.name ?? "", description: copied.description ?? "", body: copied.body });
  }, [copied?.body, copied?.name, copied?.description]);
  return (
    <>
      <Link href="/templates" className="back">
        <Icon name="back" />
        {texts.templates.back}
      </Link>
      <div className="page-head">
        <h1>{texts.templates.create}</h1>
      </div>
      <Editor entered={entered} onChange={(changes) => setEntered((before) => ({ ...before, ...changes }))} />
    </>
  );
}

function Editor({ entered, onChange }: { entered: Entered; onChange: (changes: Partial<Entered>) => void }) {
  const { name, description, body } = entered;
  const [, navigate] = useLocation();
  const [create, { loading }] = useMutation(CreateTemplateDocument);
  const [refusals, setRefusals] = useState<readonly { message: string; field?: string[] | null }[]>([]);
  const preview = usePreview(body.trim() === "" ? null : { body });
  const save = async () => {
    const input = { name: name.trim(), body, ...(description.trim() && { description: description.trim() }) };
    const { data, error } = await create({
      variables: { input },
      update: (cache) => cache.evict({ fieldName: "templates" }),
    });
    const payload = data?.createTemplate;
    if (payload?.template) navigate(`/templates/${payload.template.id}`);
    else setRefusals(payload?.userErrors ?? [{ message: error?.message ?? "" }]);
  };
  const problems = [...problemsOf("body", preview.problems), ...problemsOf("fields", preview.problems)];
  return (
    <Form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="card stack">
        {refusals.map(({ message }) => (
          <Notice key={message} tone="problem">
            {message}
          </Notice>
        ))}
        <TextField value={name} onChange={(value) => onChange({ name: value })} maxLength={200} isRequired>
          <Label>{texts.templates.name}</Label>
          <Input autoComplete="off" />
          <Text slot="description">{texts.templates.nameHint}</Text>
          <FieldError />
        </TextField>
        <TextField value={description} onChange={(value) => onChange({ description: value })} maxLength={1000}>
          <Label>{texts.templates.description}</Label>
          <Input autoComplete="off" />
        </TextField>
        <TextField value={body} onChange={(value) => onChange({ body: value })} isRequired isInvalid={problems.length > 0}>
          <Label>{texts.templates.text}</Label>
          <TextArea rows={16} className="template-text" spellCheck="false" />
          <Text slot="description">{texts.templates.textHint}</Text>
          <FieldError>{problems.join(" ")}</FieldError>
        </TextField>
        <Button type="submit" className="button button-primary" isDisabled={loading || problems.length > 0}>
          {texts.templates.save}
        </Button>
      </div>
      <section className="card stack" aria-labelledby="preview">
        <h2 id="preview">{texts.templates.preview}</h2>
        <DocumentFrame html={preview.html ?? ""} title={texts.templates.preview} />
        <h3>{texts.templates.valuesNeeded}</h3>
        <Fields fields={preview.fields} />
      </section>
    </Form>
  );
}

function problemsOf(part: string, problems: readonly ProblemFragment[]): string[] {
  return problems.filter(({ field }) => (field?.[0] ?? "body") === part).map(({ message }) => message);
}
