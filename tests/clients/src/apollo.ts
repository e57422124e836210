import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import { BULK_SENDS, Refused, SEND, type SendInput, WATCH } from "./operations";

export function connect(url: string, key: string) {
  const authorization = `Bearer ${key}`;
  const http = new HttpLink({ uri: url, headers: { authorization } });
  const socket = new GraphQLWsLink(
    createClient({ url: url.replace(/^http/, "ws"), connectionParams: { authorization } }),
  );
  return new ApolloClient({
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { bulkSends: relayStylePagination() } } } }),
    link: ApolloLink.split(({ operationType }) => operationType === "subscription", socket, http),
  });
}

export async function bulkSendNames(client: ApolloClient, first = 100) {
  for (let after: string | null | undefined; ; ) {
    const variables = { first, after };
    const { data } = await client.query({ query: BULK_SENDS, variables, fetchPolicy: "network-only" });
    const { edges, pageInfo } = data!.bulkSends!; // null only without the scope bulk_sends.read
    if (!pageInfo.hasNextPage) return edges.map(({ node }) => node.name); // every page: the cache merges them
    after = pageInfo.endCursor;
  }
}

export async function send(client: ApolloClient, input: SendInput) {
  const { data } = await client.mutate({ mutation: SEND, variables: { input } });
  const { bulkSend, userErrors } = data!.createBulkSend!;
  if (userErrors.length) throw new Refused(userErrors);
  return bulkSend!;
}

export function watch(client: ApolloClient, id: string, onStatus: (status: string) => void) {
  return new Promise<void>((resolve, reject) => {
    client.subscribe({ query: WATCH, variables: { id } }).subscribe({
      next: ({ data, error }) => (error ? reject(error) : data?.bulkSend && onStatus(data.bulkSend.status)),
      error: reject,
      complete: resolve,
    });
  });
}
