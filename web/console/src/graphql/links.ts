import { ApolloLink, CombinedGraphQLErrors, HttpLink } from "@apollo/client";
import { ErrorLink } from "@apollo/client/link/error";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import type { GraphQLFormattedError } from "graphql";
import { type Client, createClient } from "graphql-ws";
import { type Observable, mergeMap, of, tap, timer } from "rxjs";

import { keyRefused } from "../session";
import { isReachable, isSocketOpen, waitingUntil } from "./connection";

const KEY_REFUSED = 4401;
const ASKS_TO_WAIT = new Set(["RATE_LIMITED", "SERVICE_UNAVAILABLE"]);
const LEAST_WAIT_SECONDS = 1;

/** Ask again until there is an answer: queries, and mutations that say they may be (`context.askAgain`). */
export const askAgain = new RetryLink({
  delay: { initial: 500, max: 5000, jitter: true },
  attempts: (_count, operation) => operation.operationType === "query" || operation.getContext().askAgain === true,
});

export const noteReachability = new ApolloLink((operation, forward) =>
  forward(operation).pipe(tap({ next: () => isReachable.set(true), error: () => isReachable.set(false) })),
);

/** Wait as long as the gateway asks for when it is asked too often, then go on. Nothing was done until then. */
export const waitWhenLimited = new ApolloLink((operation, forward) => askPatiently(operation, forward));

function askPatiently(
  operation: ApolloLink.Operation,
  forward: ApolloLink.ForwardFunction,
): Observable<ApolloLink.Result> {
  return forward(operation).pipe(
    mergeMap((result) => {
      const seconds = secondsToWait(result.errors);
      if (seconds === null) {
        waitingUntil.set(null);
        return of(result);
      }
      waitingUntil.set(Date.now() + seconds * 1000);
      return timer(seconds * 1000).pipe(mergeMap(() => askPatiently(operation, forward)));
    }),
  );
}

function secondsToWait(errors: readonly GraphQLFormattedError[] | undefined): number | null {
  const limited = errors?.find((error) => ASKS_TO_WAIT.has(String(error.extensions?.code)));
  return limited ? Math.max(LEAST_WAIT_SECONDS, Number(limited.extensions?.retryAfter ?? LEAST_WAIT_SECONDS)) : null;
}

export const noteRefusedKey = new ErrorLink(({ error }) => {
  const errors = CombinedGraphQLErrors.is(error) ? error.errors : [];
  if (errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) keyRefused();
});

export function http(endpoint: string, authorization: string): ApolloLink {
  // Plain JSON has status 200 whatever the answer says; browsers log any other status as an error of the page.
  return new HttpLink({ uri: endpoint, headers: { authorization, accept: "application/json" } });
}

export function webSocket(endpoint: string, authorization: string): { link: ApolloLink; socket: Client } {
  const url = new URL(endpoint, window.location.origin).href.replace(/^http/, "ws");
  const socket = createClient({
    url,
    connectionParams: { authorization },
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, Math.min(5000, 300 * 2 ** retries))),
    shouldRetry: (event) => (event as Partial<CloseEvent>).code !== KEY_REFUSED,
    on: {
      connected: () => isSocketOpen.set(true),
      closed: (event) => {
        isSocketOpen.set(false);
        if ((event as Partial<CloseEvent>).code === KEY_REFUSED) keyRefused();
      },
    },
  });
  return { link: new GraphQLWsLink(socket), socket };
}
