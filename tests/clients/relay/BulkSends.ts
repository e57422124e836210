import { createClient } from "graphql-ws";
import {
  commitMutation, createOperationDescriptor, Environment, fetchQuery, getRequest, getSingularSelector, graphql, Network,
  Observable, RecordSource, requestSubscription, Store,
} from "relay-runtime";
import type { BulkSends_list$data } from "./__generated__/BulkSends_list.graphql";
import PAGE, { type BulkSendsPageQuery } from "./__generated__/BulkSendsPageQuery.graphql";
import type { BulkSendsQuery } from "./__generated__/BulkSendsQuery.graphql";
import type { BulkSendsSendMutation, CreateBulkSendInput } from "./__generated__/BulkSendsSendMutation.graphql";
import type { BulkSendsWatchSubscription } from "./__generated__/BulkSendsWatchSubscription.graphql";

export function connect(url: string, key: string) {
  const authorization = `Bearer ${key}`;
  const socket = createClient({ url: url.replace(/^http/, "ws"), connectionParams: { authorization } });
  const network = Network.create(
    async ({ text }, variables) => {
      const headers = { authorization, "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) });
      return response.json();
    },
    ({ text }, variables) =>
      Observable.create((sink) => socket.subscribe({ query: text!, variables }, sink as never)),
  );
  return new Environment({ network, store: new Store(new RecordSource()) });
}

const LIST = graphql`
  fragment BulkSends_list on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "BulkSendsPageQuery") {
    bulkSends(first: $count, after: $cursor) @connection(key: "BulkSends_bulkSends") {
      edges { node { id name status } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const QUERY = graphql`
  query BulkSendsQuery($count: Int!) {
    ...BulkSends_list @arguments(count: $count)
  }
`;

// What usePaginationFragment does in React, without React.
export async function bulkSendNames(environment: Environment, count = 100) {
  await fetchQuery<BulkSendsQuery>(environment, QUERY, { count }).toPromise();
  for (;;) {
    const { edges, pageInfo } = read(environment, count).bulkSends!;
    if (!pageInfo.hasNextPage) return edges.map(({ node }) => node.name);
    await fetchQuery<BulkSendsPageQuery>(environment, PAGE, { count, cursor: pageInfo.endCursor }).toPromise();
  }
}

function read(environment: Environment, count: number) {
  const query = createOperationDescriptor(getRequest(QUERY), { count });
  const root = environment.lookup(query.fragment).data;
  return environment.lookup(getSingularSelector(LIST as never, root)!).data as unknown as BulkSends_list$data;
}

const SEND = graphql`
  mutation BulkSendsSendMutation($input: CreateBulkSendInput!) {
    createBulkSend(input: $input) {
      bulkSend { id name status }
      userErrors { code field message }
    }
  }
`;

export function send(environment: Environment, input: CreateBulkSendInput & { idempotencyKey: string }) {
  type Sent = NonNullable<NonNullable<BulkSendsSendMutation["response"]["createBulkSend"]>["bulkSend"]>;
  return new Promise<Sent>((resolve, reject) => {
    commitMutation<BulkSendsSendMutation>(environment, {
      mutation: SEND,
      variables: { input },
      onError: reject,
      onCompleted({ createBulkSend: sent }, errors) {
        if (sent?.userErrors.length) reject(Object.assign(new Error("refused"), { userErrors: sent.userErrors }));
        else if (sent?.bulkSend) resolve(sent.bulkSend);
        else reject(errors);
      },
    });
  });
}

const WATCH = graphql`
  subscription BulkSendsWatchSubscription($id: ID!) {
    bulkSend(id: $id) { id status sentCount failedCount pendingCount }
  }
`;

export function watch(environment: Environment, id: string, onStatus: (status: string) => void) {
  return new Promise<void>((resolve, reject) => {
    requestSubscription<BulkSendsWatchSubscription>(environment, {
      subscription: WATCH,
      variables: { id },
      onNext: (data) => data?.bulkSend && onStatus(data.bulkSend.status),
      onError: reject,
      onCompleted: () => resolve(),
    });
  });
}
