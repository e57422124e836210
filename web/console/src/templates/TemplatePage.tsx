import { useMutation, useQuery } from "@apollo/client/react";
import { Suspense, lazy, useState } from "react";
import { Button } from "react-aria-components";
import { Link, useLocation } from "wouter";

import { ButtonLink } from "../components/ButtonLink";
import { DocumentFrame } from "../components/DocumentFrame";
import { EmptyState } from "../components/EmptyState";
import { Icon } from "../components/Icon";
import { say } from "../components/messages";
import { dateTime } from "../format";
import { ArchiveTemplateDocument, type TemplateFieldRowFragment, TemplateDocument } from "../operations/generated";
import { texts } from "../texts";
import { Fields } from "./Fields";
import { usePreview } from "./usePreview";

const Confirm = lazy(() => import("../components/Confirm"));

export default function TemplatePage({ id }: { id: string }) {
  const { data, loading } = useQuery(TemplateDocument, { variables: { id } });
  const preview = usePreview({ templateId: id });
  const template = data?.template;
  return (
    <>
      <Link href="/templates" className="back">
        <Icon name="back" />
        {texts.templates.back}
      </Link>
      {!template && (loading ? <p className="quiet">{texts.loading}</p> : <EmptyState title={texts.templates.gone} />)}
      {template && (
        <>
          <div className="page-head">
            <div>
              <h1>{template.name}</h1>
              <p className="quiet">
                {template.archivedAt
                  ? texts.templates.archivedAt(dateTime(template.archivedAt))
                  : texts.templates.added(dateTime(template.createdAt ?? ""))}
              </p>
            </div>
            {!template.archivedAt && <Actions id={id} name={template.name ?? ""} />}
          </div>
          {template.description && <p className="lead">{template.description}</p>}
          <section className="card stack" aria-labelledby="preview">
            <h2 id="preview">{texts.templates.preview}</h2>
            <DocumentFrame html={preview.html ?? ""} title={texts.templates.preview} />
          </section>
          <section aria-labelledby="fields">
            <h2 id="fields">{texts.templates.valuesNeeded}</h2>
            <Fields fields={(template.fields ?? []) as readonly TemplateFieldRowFragment[]} />
          </section>
          <section aria-labelledby="text">
            <h2 id="text">{texts.templates.text}</h2>
            <pre className="card template-text" tabIndex={0}>
              {template.body}
            </pre>
          </section>
        </>
      )}
    </>
  );
}

function Actions({ id, name }: { id: string; name: string }) {
  const [isAsking, setIsAsking] = useState(false);
  const [, navigate] = useLocation();
  const [archive] = useMutation(ArchiveTemplateDocument, { variables: { input: { id } } });
  const confirm = async () => {
    const { data, error } = await archive({ update: (cache) => cache.evict({ fieldName: "templates" }) });
    const problem = error ?? data?.archiveTemplate?.userErrors[0];
    say(problem ? { text: problem.message, isProblem: true } : { text: texts.templates.archived(name) });
    if (!problem) navigate("/templates");
  };
  return (
    <div className="actions">
      <ButtonLink href={`/new?template=${id}`}>{texts.templates.use}</ButtonLink>
      <Link href={`/templates/new?from=${id}`} className="button">
        {texts.templates.copy}
      </Link>
      <Button className="button button-danger" onPress={() => setIsAsking(true)}>
        {texts.templates.archive}
      </Button>
      <Suspense>
        {isAsking && (
          <Confirm
            title={texts.templates.archiveTitle(name)}
            text={texts.templates.archiveText}
            keep={texts.templates.archiveKeep}
            confirm={texts.templates.archive}
            onConfirm={() => void confirm()}
            onClose={() => setIsAsking(false)}
          />
        )}
      </Suspense>
    </div>
  );
}
