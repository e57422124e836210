import { ApolloClient, ApolloLink } from "@apollo/client";

import { makeCache } from "./cache";
import { askAgain, http, noteReachability, noteRefusedKey, waitWhenLimited, webSocket } from "./links";

/** A client for one key. `close` ends its WebSocket and what it watches. */
export interface Connection {
  client: ApolloClient;
  close: () => void;
}

export function connect(endpoint: string, key: string): Connection {
  const authorization = `Bearer ${key}`;
  const { link, socket } = webSocket(endpoint, authorization);
  const requests = ApolloLink.from([
    noteRefusedKey,
    waitWhenLimited,
    askAgain,
    noteReachability,
    http(endpoint, authorization),
  ]);
  const client = new ApolloClient({
    cache: makeCache(),
    link: ApolloLink.split(({ operationType }) => operationType === "subscription", link, requests),
    // Parts that a key may not read are null; the rest is there.
    defaultOptions: {
      watchQuery: { errorPolicy: "all" },
      query: { errorPolicy: "all" },
      mutate: { errorPolicy: "all" },
    },
  });
  const close = () => {
    client.stop();
    void socket.dispose();
  };
  return { client, close };
}
