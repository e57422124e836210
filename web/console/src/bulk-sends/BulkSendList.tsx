import { useQuery } from "@apollo/client/react";
import { useCallback, useDeferredValue } from "react";
import { Button } from "react-aria-components";
import { Link, useSearchParams } from "wouter";

import { Badge } from "../components/Badge";
import { ButtonLink } from "../components/ButtonLink";
import { Choices } from "../components/Choices";
import { EmptyState } from "../components/EmptyState";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { Progress } from "../components/Progress";
import { SearchBox } from "../components/SearchBox";
import { VirtualRows } from "../components/VirtualRows";
import { dateTime } from "../format";
import { type BulkSendStatus, type BulkSendSummaryFragment, BulkSendsDocument } from "../operations/generated";
import { useStore } from "../store";
import { texts } from "../texts";
import { beingDeleted } from "./deleting";
import { bulkSendTone } from "./statuses";
import { useListProgress } from "./useListProgress";

const PAGE_SIZE = 50;
const STATUSES = ["ALL", "PROCESSING", "COMPLETED", "FAILED"] as const;
type Filter = (typeof STATUSES)[number];

export function BulkSendList() {
  const [parameters, setParameters] = useSearchParams();
  const search = parameters.get("search") ?? "";
  const filter = (parameters.get("status") as Filter | null) ?? "ALL";
  const set = (name: string, value: string) =>
    setParameters((before) => withParameter(before, name, value), { replace: true });
  return (
    <>
      <div className="page-head">
        <h1>{texts.list.title}</h1>
        <ButtonLink href="/new">
          <Icon name="plus" />
          {texts.list.create}
        </ButtonLink>
      </div>
      <div className="filters">
        <SearchBox label={texts.list.search} value={search} onChange={(value) => set("search", value)} />
        <Choices
          label={texts.list.filter}
          choices={STATUSES.map((value) => ({ value, label: labelOf(value) }))}
          value={filter}
          onChange={(value) => set("status", value === "ALL" ? "" : value)}
        />
      </div>
      <List search={useDeferredValue(search)} filter={filter} />
    </>
  );
}

function labelOf(value: Filter): string {
  return value === "ALL" ? texts.list.all : texts.status.bulkSend[value];
}

function withParameter(before: URLSearchParams, name: string, value: string): URLSearchParams {
  const after = new URLSearchParams(before);
  if (value) after.set(name, value);
  else after.delete(name);
  return after;
}

function List({ search, filter }: { search: string; filter: Filter }) {
  const { data, error, fetchMore, refetch, loading } = useQuery(BulkSendsDocument, {
    variables: {
      first: PAGE_SIZE,
      ...(search && { search }),
      ...(filter !== "ALL" && { status: [filter satisfies BulkSendStatus] }),
    },
    fetchPolicy: "cache-and-network",
  });
  const deleted = useStore(beingDeleted);
  const connection = data?.bulkSends;
  const all = connection?.edges?.map((edge) => edge?.node as BulkSendSummaryFragment) ?? [];
  const rows = all.filter(({ id }) => !deleted.has(id));
  const hasNewer = useListProgress(all, search === "" && filter === "ALL", () => void refetch());
  const cursor = connection?.pageInfo?.hasNextPage ? connection.pageInfo.endCursor : null;
  const more = useCallback(() => {
    if (cursor) void fetchMore({ variables: { after: cursor } });
  }, [cursor, fetchMore]);
  if (error && !connection) return <Notice tone="problem">{error.message}</Notice>;
  if (rows.length === 0) return loading ? <p className="quiet">{texts.loading}</p> : <Nothing isFiltered={search !== "" || filter !== "ALL"} />;
  return (
    <>
      {hasNewer && (
        <Button className="button newer" onPress={() => void refetch()}>
          {texts.list.showNewer}
        </Button>
      )}
      <div role="table" aria-label={texts.list.title} aria-rowcount={cursor ? -1 : rows.length + 1} className="table bulk-sends">
        <div role="rowgroup" className="columns">
          <div role="row" aria-rowindex={1} className="row">
            <span role="columnheader">{texts.list.columns.name}</span>
            <span role="columnheader">{texts.list.columns.status}</span>
            <span role="columnheader">{texts.list.columns.progress}</span>
          </div>
        </div>
        <VirtualRows count={rows.length} estimate={76} rowKey={(index) => rows[index]?.id ?? String(index)} onEndNear={more}>
          {(index) => <Row bulkSend={rows[index] as BulkSendSummaryFragment} />}
        </VirtualRows>
      </div>
      {cursor && <p className="quiet more">{texts.list.more}</p>}
    </>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <EmptyState title={texts.list.noMatch} hint={texts.list.noMatchHint} />;
  return (
    <EmptyState title={texts.list.empty} hint={texts.list.emptyHint}>
      <ButtonLink href="/new">{texts.list.create}</ButtonLink>
    </EmptyState>
  );
}

function Row({ bulkSend }: { bulkSend: BulkSendSummaryFragment }) {
  const { id, name, status, template, createdAt } = bulkSend;
  return (
    <>
      <div role="cell" className="cell-name">
        <Link href={`/bulk-sends/${id}`} className="row-link">
          {name}
        </Link>
        <span className="quiet">
          {[template?.name, dateTime(createdAt)].filter(Boolean).join(" · ")}
        </span>
      </div>
      <div role="cell" className="cell-status">
        <Badge tone={bulkSendTone(bulkSend)}>{texts.status.bulkSend[status]}</Badge>
      </div>
      <div role="cell" className="cell-progress">
        <Progress counts={bulkSend} label={texts.watch.progress} />
        <span className="quiet numbers">{progressText(bulkSend)}</span>
      </div>
    </>
  );
}

function progressText({ sentCount, totalCount, failedCount, pendingCount }: BulkSendSummaryFragment): string {
  return [
    texts.list.progress(sentCount, totalCount),
    failedCount > 0 && texts.list.failed(failedCount),
    pendingCount > 0 && texts.list.waiting(pendingCount),
  ]
    .filter(Boolean)
    .join(" · ");
}
