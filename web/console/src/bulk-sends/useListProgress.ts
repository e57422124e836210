import { useQuery, useSubscription } from "@apollo/client/react";
import { useEffect } from "react";

import { isSocketOpen } from "../graphql/connection";
import { BulkSendsProgressDocument, type BulkSendSummaryFragment, WatchBulkSendsDocument } from "../operations/generated";
import { useStore } from "../store";

const MOST_FOLLOWED = 50;
const WHILE_SENDING_MILLISECONDS = 3000;
const AT_REST_MILLISECONDS = 15000;

/**
 * Keep the rows up to date; return whether there is a newer bulk send than the first row. Changes come by the
 * subscription, or, while there is none, by asking every few seconds. `reload` reads an empty list again.
 */
export function useListProgress(
  rows: readonly BulkSendSummaryFragment[],
  isWholeList: boolean,
  reload: () => void,
): boolean {
  const ids = rows.filter(({ status }) => status === "PROCESSING").map(({ id }) => id);
  const isEmpty = rows.length === 0;
  const isLive = useIsLive((id) => {
    if (isEmpty || id === null) reload();
    else if (!rows.some((row) => row.id === id)) void refetch();
  });
  const { data, refetch } = useQuery(BulkSendsProgressDocument, {
    variables: { ids: ids.slice(0, MOST_FOLLOWED) },
    pollInterval: isLive ? 0 : ids.length > 0 ? WHILE_SENDING_MILLISECONDS : AT_REST_MILLISECONDS,
    skipPollAttempt: () => document.hidden,
    fetchPolicy: "network-only",
    skip: isEmpty,
  });
  useEffect(() => {
    // What changed before the subscription began.
    if (isLive && !isEmpty) void refetch();
  }, [isLive, isEmpty, refetch]);
  const newest = data?.rateLimit?.lastBulkSend?.id;
  return isWholeList && newest !== undefined && !isEmpty && rows.every(({ id }) => id !== newest);
}

/** Return whether changes arrive; `onChange` receives the id of each bulk send that changed, or null for unknown ones. */
function useIsLive(onChange: (id: string | null) => void): boolean {
  const isOpen = useStore(isSocketOpen);
  const { error } = useSubscription(WatchBulkSendsDocument, {
    onData: ({ data }) => {
      if (data.data) onChange(data.data.bulkSends?.id ?? null);
    },
  });
  return isOpen && !error;
}
