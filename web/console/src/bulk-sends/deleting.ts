import type { ApolloClient } from "@apollo/client";

import { say } from "../components/messages";
import { DeleteBulkSendDocument } from "../operations/generated";
import { Store } from "../store";
import { texts } from "../texts";

const TIME_TO_UNDO = 6000;

/** The bulk sends that are no longer shown, though the gateway was not asked yet to delete them. */
export const beingDeleted = new Store<ReadonlySet<string>>(new Set());

/** Hide a bulk send now and delete it when the time to undo is over; closing the page before keeps it. */
export function deleteUnlessUndone(client: ApolloClient, id: string, name: string): void {
  hide(id);
  const timer = setTimeout(() => void remove(client, id, name), TIME_TO_UNDO);
  const undo = () => {
    clearTimeout(timer);
    show(id);
  };
  say({ text: texts.watch.removing(name), undo, milliseconds: TIME_TO_UNDO });
}

async function remove(client: ApolloClient, id: string, name: string): Promise<void> {
  const { data, error } = await client.mutate({ mutation: DeleteBulkSendDocument, variables: { input: { id } } });
  const problem = error ?? data?.deleteBulkSend?.userErrors[0];
  if (problem) {
    show(id);
    say({ text: problem.message, isProblem: true });
    return;
  }
  client.cache.evict({ id: client.cache.identify({ __typename: "BulkSend", id }) });
  client.cache.gc();
  show(id);
  say({ text: texts.watch.removed(name) });
}

function hide(id: string): void {
  beingDeleted.set(new Set([...beingDeleted.get(), id]));
}

function show(id: string): void {
  beingDeleted.set(new Set([...beingDeleted.get()].filter((other) => other !== id)));
}
