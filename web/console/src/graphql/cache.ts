import { InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

export function makeCache(): InMemoryCache {
  return new InMemoryCache({
    possibleTypes: { Node: ["ApiKey", "BulkSend", "Document", "Organization", "Template"] },
    typePolicies: {
      Query: {
        fields: {
          bulkSends: relayStylePagination(["status", "search"]),
          templates: relayStylePagination(["search"]),
          rateLimit: { merge: true },
          viewer: { merge: true },
          bulkSend: { read: (found, { args, toReference }) => (found !== undefined ? found : reference("BulkSend", args, toReference)) },
          template: { read: (found, { args, toReference }) => (found !== undefined ? found : reference("Template", args, toReference)) },
        },
      },
      BulkSend: { fields: { documents: { keyArgs: ["status", "deliveryStatus"] } } },
      Delivery: { merge: true },
      DeliveryError: { merge: true },
      Signer: { merge: true },
    },
  });
}

/** Find what another query has loaded, so that a page has its heading at once. */
function reference<Found>(
  typename: string,
  args: Record<string, unknown> | null,
  toReference: (object: { __typename: string; id: string }) => Found,
): Found {
  return toReference({ __typename: typename, id: String(args?.id) });
}
