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

const FALLBACK_MILLISECONDS = 2500;
const DOCUMENTS_MILLISECONDS = 2500;
const AT_REST_MILLISECONDS = 10000;

export interface Watched {
  bulkSend: (BulkSendSummaryFragment & { emailMessage: string | null; externalId: string | null }) | null | undefined;
  documents: DocumentRowFragment[] | undefined;
  isLive: boolean;
  error: Error | undefined;
}

/**
 * A bulk send and its documents, kept up to date while it is being sent: its counts by the subscription, or, while
 * there is no WebSocket, by asking every few seconds; its documents whenever the counts have changed.
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
    startPolling(FALLBACK_MILLISECONDS);
    return stopPolling;
  }, [isSending, isLive, startPolling, stopPolling]);
  const documents = useDocuments(id, bulkSend?.updatedAt, isSending);
  return { bulkSend: bulkSend as Watched["bulkSend"], documents, isLive, error };
}

/** `isSending`: else they are read now and then, for signers open and sign them. */
function useDocuments(
  id: string,
  changedAt: string | undefined,
  isSending: boolean,
): DocumentRowFragment[] | undefined {
  const { data, refetch } = useQuery(BulkSendDocumentsDocument, {
    variables: { id },
    fetchPolicy: "cache-and-network",
    pollInterval: isSending ? 0 : AT_REST_MILLISECONDS,
    skipPollAttempt: () => document.hidden,
  });
  const readAt = useRef<{ change: string | undefined; at: number }>({ change: undefined, at: 0 });
  useEffect(() => {
    if (changedAt === undefined || changedAt === readAt.current.change) return undefined;
    const read = () => {
      readAt.current = { change: changedAt, at: Date.now() };
      void refetch();
    };
    const wait = Math.max(0, readAt.current.at + DOCUMENTS_MILLISECONDS - Date.now());
    const timer = setTimeout(read, wait);
    return () => clearTimeout(timer);
  }, [changedAt, refetch]);
  return data?.bulkSend?.documents?.edges.map(({ node }) => node as DocumentRowFragment);
}
