import { graphql } from "./generated";
import type { CreateBulkSendInput } from "./generated/graphql";

export const BULK_SENDS = graphql(`
  query BulkSends($first: Int!, $after: String) {
    bulkSends(first: $first, after: $after) {
      edges { cursor node { id name status } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const SEND = graphql(`
  mutation Send($input: CreateBulkSendInput!) {
    createBulkSend(input: $input) {
      bulkSend { id name status }
      replayed
      userErrors { code field message }
    }
  }
`);

export const WATCH = graphql(`
  subscription Watch($id: ID!) {
    bulkSend(id: $id) { id status sentCount failedCount pendingCount }
  }
`);

// Make the key before the first attempt, with crypto.randomUUID(), and send it with every retry.
export type SendInput = CreateBulkSendInput & { idempotencyKey: string };

export class Refused extends Error {
  constructor(readonly userErrors: { code: string; field?: string[] | null; message: string }[]) {
    super(userErrors.map(({ field, message }) => `${field?.join(".")}: ${message}`).join("\n"));
  }
}
