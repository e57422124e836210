import { useApolloClient, useMutation } from "@apollo/client/react";
import { useState } from "react";
import { Button } from "react-aria-components";

import { Badge } from "../components/Badge";
import { Choices } from "../components/Choices";
import { Icon } from "../components/Icon";
import { SearchBox } from "../components/SearchBox";
import { VirtualRows } from "../components/VirtualRows";
import { say } from "../components/messages";
import { useNow } from "../components/useNow";
import { dateTime, duration } from "../format";
import { type DeliveryStatus, type DocumentRowFragment, RetryBulkSendDocument, SealedPdfDocument } from "../operations/generated";
import { texts } from "../texts";
import { deliveryTone, documentTone } from "./statuses";

const FILTERS = ["ALL", "FAILED", "PENDING", "SENT"] as const;
type Filter = "ALL" | DeliveryStatus;

interface Props {
  bulkSendId: string;
  documents: readonly DocumentRowFragment[] | undefined;
}

export function Documents({ bulkSendId, documents }: Props) {
  const [filter, setFilter] = useState<Filter>("ALL");
  const [search, setSearch] = useState("");
  const rows = documents?.filter((row) => isShown(row, filter, search.trim().toLowerCase())) ?? [];
  const waits = rows.some(({ delivery }) => delivery.nextAttemptAt !== null);
  const now = useNow(waits);
  return (
    <section aria-labelledby="documents">
      <h2 id="documents">{texts.watch.documents}</h2>
      <div className="filters">
        <SearchBox label={texts.watch.search} value={search} onChange={setSearch} />
        <Choices
          label={texts.watch.filter}
          choices={FILTERS.map((value) => ({ value, label: labelOf(value) }))}
          value={filter}
          onChange={setFilter}
        />
      </div>
      {documents === undefined ? (
        <p className="quiet">{texts.loading}</p>
      ) : rows.length === 0 ? (
        <p className="quiet">{texts.watch.noMatch}</p>
      ) : (
        <div role="table" aria-label={texts.watch.documents} aria-rowcount={rows.length + 1} className="table documents">
          <div role="rowgroup" className="columns">
            <div role="row" aria-rowindex={1} className="row">
              <span role="columnheader">{texts.watch.columns.signer}</span>
              <span role="columnheader">{texts.watch.columns.delivery}</span>
              <span role="columnheader">{texts.watch.columns.details}</span>
              <span role="columnheader">{texts.watch.columns.document}</span>
            </div>
          </div>
          <VirtualRows count={rows.length} estimate={66} rowKey={(index) => rows[index]?.id ?? String(index)}>
            {(index) => <Row bulkSendId={bulkSendId} row={rows[index] as DocumentRowFragment} now={now} />}
          </VirtualRows>
        </div>
      )}
    </section>
  );
}

function labelOf(filter: Filter): string {
  return filter === "ALL" ? texts.watch.filterAll : texts.status.delivery[filter];
}

function isShown({ signer, delivery, externalId }: DocumentRowFragment, filter: Filter, search: string): boolean {
  if (filter !== "ALL" && delivery.status !== filter) return false;
  return [signer.name, signer.email, externalId ?? ""].some((text) => text.toLowerCase().includes(search));
}

function Row({ bulkSendId, row, now }: { bulkSendId: string; row: DocumentRowFragment; now: number }) {
  const { signer, delivery, status, viewedAt } = row;
  const isTryingAgain = delivery.status === "PENDING" && delivery.error !== null;
  return (
    <>
      <div role="cell" className="cell-name">
        <span className="strong">{signer.name}</span>
        <span className="quiet">{signer.email}</span>
      </div>
      <div role="cell" className="cell-status">
        <Badge tone={deliveryTone(delivery.status)}>
          {isTryingAgain ? texts.status.retrying : texts.status.delivery[delivery.status]}
        </Badge>
      </div>
      <div role="cell" className="cell-details">
        <Details delivery={delivery} now={now} />
        {delivery.status === "FAILED" && <RetryOne bulkSendId={bulkSendId} row={row} />}
      </div>
      <div role="cell" className={status === "PENDING" && !viewedAt ? "cell-document" : "cell-document cell-document-new"}>
        <Badge tone={documentTone(status)}>
          {status === "PENDING" && viewedAt ? texts.status.viewed : texts.status.document[status]}
        </Badge>
        {(status === "SIGNED" || status === "DECLINED") && <SealedPdf id={row.id} name={signer.name} />}
      </div>
    </>
  );
}

function Details({ delivery, now }: { delivery: DocumentRowFragment["delivery"]; now: number }) {
  const { error, attempts, nextAttemptAt, sentAt, waitingFor } = delivery;
  if (sentAt) return <span className="quiet">{dateTime(sentAt)}</span>;
  const wait = nextAttemptAt ? Date.parse(nextAttemptAt) - now : 0;
  const facts = [
    attempts > 0 && texts.watch.attempts(attempts),
    waitingFor && texts.watch.waitingFor[waitingFor],
    waitingFor === "RETRY" && nextAttemptAt && texts.watch.nextAttempt(wait > 0 ? duration(wait) : texts.watch.now),
  ].filter(Boolean);
  return (
    <span className="details">
      {error && <span className="server-words">{error.smtpCode ? `${error.smtpCode} ${error.message}` : error.message}</span>}
      {facts.length > 0 && <span className="quiet">{facts.join(", ")}</span>}
    </span>
  );
}

function RetryOne({ bulkSendId, row }: { bulkSendId: string; row: DocumentRowFragment }) {
  const [retry, { loading }] = useMutation(RetryBulkSendDocument);
  const press = async () => {
    const { data, error } = await retry({ variables: { input: { id: bulkSendId, documentIds: [row.id] } } });
    const problem = error ?? data?.retryBulkSend?.userErrors[0];
    say(problem ? { text: problem.message, isProblem: true } : { text: texts.watch.retried(1) });
  };
  return (
    <Button className="icon-button" aria-label={texts.watch.retryOne(row.signer.name)} isDisabled={loading} onPress={() => void press()}>
      <Icon name="retry" />
    </Button>
  );
}

/** Its address is good for ten minutes, so it is asked for when it is wanted. */
function SealedPdf({ id, name }: { id: string; name: string }) {
  const client = useApolloClient();
  const press = async () => {
    const { data, error } = await client.query({
      query: SealedPdfDocument,
      variables: { id },
      fetchPolicy: "network-only",
    });
    const url = data?.document?.sealedPdf?.url;
    if (url) window.location.assign(url);
    else say({ text: error?.message ?? texts.watch.noSealedPdf, isProblem: true });
  };
  return (
    <Button className="icon-button" aria-label={texts.watch.sealedPdf(name)} onPress={() => void press()}>
      <Icon name="download" />
    </Button>
  );
}
