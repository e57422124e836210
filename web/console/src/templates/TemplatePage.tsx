import { useQuery } from "@apollo/client/react";
import { Link } from "wouter";

import { ButtonLink } from "../components/ButtonLink";
import { EmptyState } from "../components/EmptyState";
import { Icon } from "../components/Icon";
import { dateTime } from "../format";
import { TemplateDocument } from "../operations/generated";
import { texts } from "../texts";

export default function TemplatePage({ id }: { id: string }) {
  const { data, loading } = useQuery(TemplateDocument, { variables: { id }, returnPartialData: false });
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
              <p className="quiet">{texts.templates.added(dateTime(template.createdAt ?? ""))}</p>
            </div>
            <ButtonLink href={`/new?template=${id}`}>{texts.templates.use}</ButtonLink>
          </div>
          {template.description && <p>{template.description}</p>}
          <section className="card" aria-labelledby="text">
            <h2 id="text">{texts.templates.text}</h2>
            <pre className="template-text">{template.body}</pre>
          </section>
          {template.mergeFields && template.mergeFields.length > 0 && (
            <section aria-labelledby="fields">
              <h2 id="fields">{texts.templates.valuesNeeded}</h2>
              <ul className="chips">
                {template.mergeFields.map((field) => (
                  <li key={String(field)}>{field}</li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
    </>
  );
}
