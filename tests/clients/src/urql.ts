import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange, type KeyingConfig } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { createClient } from "graphql-ws";
import { onEnd, pipe, subscribe } from "wonka";
import { BULK_SENDS, Refused, SEND, type SendInput, WATCH } from "./operations";

// Every type without an id: a part of what it stands in.
const withoutId = [
  "AmendDocumentsPayload", "ArchiveTemplatePayload", "CancelBulkSendPayload", "CreateBulkSendPayload",
  "CreateTemplatePayload", "DeleteBulkSendPayload", "Delivery", "DeliveryError", "DryRun", "Event",
  "EventDetail", "MergeValue", "PreviewTemplatePayload", "RateLimit", "RemindDocumentsPayload",
  "RetryBulkSendPayload", "SealedPdf", "Signature", "Signer", "TemplateField", "TemplatePreview", "UserError",
  "Viewer", "VoidDocumentsPayload", "Warning",
];
const keys: KeyingConfig = Object.fromEntries(withoutId.map((name) => [name, () => null]));

export function connect(url: string, key: string) {
  const authorization = `Bearer ${key}`;
  const socket = createClient({ url: url.replace(/^http/, "ws"), connectionParams: { authorization } });
  const cache = cacheExchange({
    keys,
    resolvers: {
      Query: { bulkSends: relayPagination(), documents: relayPagination(), templates: relayPagination() },
      BulkSend: { documents: relayPagination() },
    },
  });
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  return new Client({
    url,
    exchanges: [cache, fetchExchange, subscriptions],
    fetchOptions: { headers: { authorization } },
    preferGetMethod: false,
  });
}

export async function bulkSendNames(client: Client, first = 100) {
  for (let after: string | null | undefined; ; ) {
    const { data, error } = await client.query(BULK_SENDS, { first, after }, { requestPolicy: "network-only" });
    if (error) throw error;
    const { edges, pageInfo } = data!.bulkSends!;
    if (!pageInfo.hasNextPage) return edges.map(({ node }) => node.name); // every page: the cache merges them
    after = pageInfo.endCursor;
  }
}

export async function send(client: Client, input: SendInput) {
  const { data, error } = await client.mutation(SEND, { input });
  if (error) throw error;
  const { bulkSend, userErrors } = data!.createBulkSend!;
  if (userErrors.length) throw new Refused(userErrors);
  return bulkSend!;
}

export function watch(client: Client, id: string, onStatus: (status: string) => void) {
  return new Promise<void>((resolve, reject) => {
    pipe(
      client.subscription(WATCH, { id }),
      onEnd(resolve),
      subscribe(({ data, error }) => (error ? reject(error) : data?.bulkSend && onStatus(data.bulkSend.status))),
    );
  });
}
