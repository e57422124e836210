import { Link } from "wouter";

import { Badge } from "../components/Badge";
import { EmptyState } from "../components/EmptyState";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { dateTime } from "../format";
import { texts } from "../texts";
import { Actions } from "./Actions";
import { Documents } from "./Documents";
import { Summary } from "./Summary";
import { bulkSendTone } from "./statuses";
import { type Watched, useWatch } from "./useWatch";

export function BulkSendPage({ id }: { id: string }) {
  const { bulkSend, documents, isLive, error } = useWatch(id);
  return (
    <>
      <Link href="/" className="back">
        <Icon name="back" />
        {texts.watch.back}
      </Link>
      {bulkSend ? (
        <>
          <Head bulkSend={bulkSend} />
          <Summary bulkSend={bulkSend} isLive={isLive} />
          {bulkSend.emailMessage && <blockquote className="message">{bulkSend.emailMessage}</blockquote>}
          <Documents bulkSendId={id} documents={documents} />
        </>
      ) : (
        <Missing isLoading={bulkSend === undefined && !error} error={error} />
      )}
    </>
  );
}

function Head({ bulkSend }: { bulkSend: NonNullable<Watched["bulkSend"]> }) {
  const { name, status, createdAt, template } = bulkSend;
  return (
    <div className="page-head">
      <div>
        <h1>
          {name} <Badge tone={bulkSendTone(bulkSend)}>{texts.status.bulkSend[status]}</Badge>
        </h1>
        <p className="quiet">
          {texts.watch.created(dateTime(createdAt))}
          {template && (
            <>
              {" "}
              <Link href={`/templates/${template.id}`}>{texts.watch.from(template.name)}</Link>
            </>
          )}
        </p>
      </div>
      <Actions bulkSend={bulkSend} />
    </div>
  );
}

function Missing({ isLoading, error }: { isLoading: boolean; error: Error | undefined }) {
  if (isLoading) return <p className="quiet">{texts.loading}</p>;
  return error ? <Notice tone="problem">{error.message}</Notice> : <EmptyState title={texts.watch.gone} />;
}
