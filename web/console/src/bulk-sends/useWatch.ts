import { useQuery, useSubscription } from "@apollo/client/react";
import { useEffect, useRef } from "react";

import { isSocketOpen } from "../graphql/connection";
import {
  BulkSendDocument,
  BulkSendDocumentsDocument,
  type BulkSendSummaryFragment,
  type DocumentRowFragment,
  WatchBulkSendDocument,
} from "../operations/generated";
import { useStore } from "../store";

const WHILE_SENDING_MILLISECONDS = 2500;
const AT_REST_MILLISECONDS = 10000;

export interface Watched {
  bulkSend: (BulkSendSummaryFragment & { emailMessage: string | null; externalId: string | null }) | null | undefined;
  documents: DocumentRowFragment[] | undefined;
  isLive: boolean;
  error: Error | undefined;
}

/**
 * A bulk send and its documents, kept up to date while it is being sent: its counts by the subscription, or, while
 * there is no WebSocket, by asking every few seconds.
 */
export function useWatch(id: string): Watched {
  const isLive = useStore(isSocketOpen);
  const { data, error, startPolling, stopPolling } = useQuery(BulkSendDocument, {
    variables: { id },
    fetchPolicy: "cache-and-network",
  });
  const bulkSend = data?.bulkSend;
  const isSending = bulkSend?.status === "PROCESSING";
  useSubscription(WatchBulkSendDocument, { variables: { id }, skip: !isSending });
  useEffect(() => {
    if (!isSending || isLive) return undefined;
    startPolling(WHILE_SENDING_MILLISECONDS);
    return stopPolling;
  }, [isSending, isLive, startPolling, stopPolling]);
  const documents = useDocuments(id, isSending);
  return { bulkSend: bulkSend as Watched["bulkSend"], documents, isLive, error };
}

/**
 * The documents, read anew every few seconds, for a deferred mail changes no count; and once more when the last one
 * is done. Later they are read less often: signers open and sign them.
 */
function useDocuments(id: string, isSending: boolean): DocumentRowFragment[] | undefined {
  const { data, refetch } = useQuery(BulkSendDocumentsDocument, {
    variables: { id },
    fetchPolicy: "cache-and-network",
    pollInterval: isSending ? WHILE_SENDING_MILLISECONDS : AT_REST_MILLISECONDS,
    skipPollAttempt: () => document.hidden,
  });
  const wasSending = useRef(isSending);
  useEffect(() => {
    if (wasSending.current && !isSending) void refetch();
    wasSending.current = isSending;
  }, [isSending, refetch]);
  return data?.bulkSend?.documents?.edges?.map((edge) => edge?.node as DocumentRowFragment);
}
