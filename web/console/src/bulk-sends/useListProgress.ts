import { useQuery } from "@apollo/client/react";

import { BulkSendsProgressDocument, type BulkSendSummaryFragment } from "../operations/generated";

const MOST_FOLLOWED = 50;
const WHILE_SENDING_MILLISECONDS = 3000;
const AT_REST_MILLISECONDS = 15000;

/** Keep the rows that are being sent up to date; return whether there is a newer bulk send than the first row. */
export function useListProgress(rows: readonly BulkSendSummaryFragment[], isWholeList: boolean): boolean {
  const ids = rows.filter(({ status }) => status === "PROCESSING").map(({ id }) => id);
  const { data } = useQuery(BulkSendsProgressDocument, {
    variables: { ids: ids.slice(0, MOST_FOLLOWED) },
    pollInterval: ids.length > 0 ? WHILE_SENDING_MILLISECONDS : AT_REST_MILLISECONDS,
    skipPollAttempt: () => document.hidden,
    fetchPolicy: "network-only",
    skip: rows.length === 0,
  });
  const newest = data?.rateLimit?.lastBulkSend?.id;
  return isWholeList && newest !== undefined && rows.length > 0 && rows.every(({ id }) => id !== newest);
}
