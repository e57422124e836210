import { useQuery } from "@apollo/client/react";
import { useCallback, useDeferredValue, useState } from "react";
import { Link } from "wouter";

import { ButtonLink } from "../components/ButtonLink";
import { EmptyState } from "../components/EmptyState";
import { Icon } from "../components/Icon";
import { Notice } from "../components/Notice";
import { SearchBox } from "../components/SearchBox";
import { VirtualRows } from "../components/VirtualRows";
import { dateTime } from "../format";
import { type TemplateSummaryFragment, TemplatesDocument } from "../operations/generated";
import { texts } from "../texts";

const PAGE_SIZE = 50;

export default function TemplateList() {
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search);
  const { data, error, fetchMore, loading } = useQuery(TemplatesDocument, {
    variables: { first: PAGE_SIZE, ...(asked && { search: asked }) },
    fetchPolicy: "cache-and-network",
  });
  const connection = data?.templates;
  const rows = connection?.edges?.map((edge) => edge?.node as TemplateSummaryFragment) ?? [];
  const cursor = connection?.pageInfo?.hasNextPage ? connection.pageInfo.endCursor : null;
  const more = useCallback(() => {
    if (cursor) void fetchMore({ variables: { after: cursor } });
  }, [cursor, fetchMore]);
  return (
    <>
      <div className="page-head">
        <h1>{texts.templates.title}</h1>
        <ButtonLink href="/templates/new">
          <Icon name="plus" />
          {texts.templates.create}
        </ButtonLink>
      </div>
      <div className="filters">
        <SearchBox label={texts.templates.search} value={search} onChange={setSearch} />
      </div>
      {error && !connection && <Notice tone="problem">{error.message}</Notice>}
      {rows.length === 0 && (loading ? <p className="quiet">{texts.loading}</p> : <Nothing isFiltered={search !== ""} />)}
      {rows.length > 0 && (
        <div role="table" aria-label={texts.templates.title} className="table templates">
          <VirtualRows count={rows.length} estimate={80} rowKey={(index) => rows[index]?.id ?? String(index)} onEndNear={more}>
            {(index) => <Row template={rows[index] as TemplateSummaryFragment} />}
          </VirtualRows>
        </div>
      )}
    </>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <EmptyState title={texts.templates.noMatch} />
  ) : (
    <EmptyState title={texts.templates.empty} hint={texts.templates.emptyHint} />
  );
}

function Row({ template }: { template: TemplateSummaryFragment }) {
  const { id, name, description, fields, createdAt } = template;
  return (
    <>
      <div role="cell" className="cell-name">
        <Link href={`/templates/${id}`} className="row-link">
          {name}
        </Link>
        <span className="quiet">{description}</span>
      </div>
      <div role="cell" className="cell-fields quiet">
        {texts.create.fields(fields.length)}
      </div>
      <div role="cell" className="cell-date quiet">
        {dateTime(createdAt)}
      </div>
    </>
  );
}
