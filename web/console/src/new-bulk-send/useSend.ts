import { useApolloClient } from "@apollo/client/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

import { CreateBulkSendDocument, type CreateBulkSendInput, type ProblemFragment } from "../operations/generated";
import { type Attempt, discardDraft, storeAttempt, storeCreated, storedAttempt, takeCreated } from "./draft";

export interface Sending {
  isSending: boolean;
  /** Whether this goes on with what an earlier page had sent. */
  isResumed: boolean;
  refusals: readonly ProblemFragment[];
  /** When the organization may create its next bulk send, in ms since the epoch, if this was too early. */
  allowedAt: number | null;
  failure: string | null;
  send: (input: CreateBulkSendInput) => void;
}

/**
 * Create the bulk send. The idempotency key is made here and kept with the input until there is an answer, so that
 * neither a broken connection nor a reload sends it twice.
 */
export function useSend(): Sending {
  const client = useApolloClient();
  const [, navigate] = useLocation();
  const [state, setState] = useState({ isSending: false, isResumed: false });
  const [refusals, setRefusals] = useState<readonly ProblemFragment[]>([]);
  const [allowedAt, setAllowedAt] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  const attempt = useCallback(
    async ({ input }: Attempt) => {
      const { data, error } = await client.mutate({
        mutation: CreateBulkSendDocument,
        variables: { input },
        context: { askAgain: true },
      });
      const payload = data?.createBulkSend;
      if (!payload && wasNotAnswered(error)) return;
      storeAttempt(null);
      if (payload?.bulkSend) {
        discardDraft();
        storeCreated(payload.bulkSend.id);
        navigate(`/bulk-sends/${payload.bulkSend.id}`);
        return;
      }
      setState({ isSending: false, isResumed: false });
      const [tooEarly, others] = separated(payload?.userErrors ?? []);
      setAllowedAt(tooEarly ? Date.now() + 1000 * (tooEarly.retryAfter ?? 1) : null);
      setRefusals(others);
      setFailure(payload ? null : (error?.message ?? null));
    },
    [client, navigate],
  );

  const resumed = useRef(false);
  useEffect(() => {
    takeCreated();
    const open = storedAttempt();
    if (!open || resumed.current) return;
    resumed.current = true;
    setState({ isSending: true, isResumed: true });
    void attempt(open);
  }, [attempt]);

  const send = (input: CreateBulkSendInput) => {
    const keyed = { ...input, idempotencyKey: randomKey(), waitForDelivery: false };
    try {
      storeAttempt({ input: keyed });
    } catch (error) {
      setFailure(String(error));
      return;
    }
    setRefusals([]);
    setFailure(null);
    setState({ isSending: true, isResumed: false });
    void attempt({ input: keyed });
  };
  return { ...state, refusals, allowedAt, failure, send };
}

/** Take the refusal apart that passes with time. */
function separated(errors: readonly ProblemFragment[]): [ProblemFragment | undefined, ProblemFragment[]] {
  return [errors.find(({ code }) => code === "RATE_LIMITED"), errors.filter(({ code }) => code !== "RATE_LIMITED")];
}

/** `crypto.randomUUID` is missing where the page is not served over TLS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The key was refused before anything was asked: who signs in anew goes on with the attempt. */
function wasNotAnswered(error: unknown): boolean {
  const errors = (error as { errors?: { extensions?: { code?: string } }[] } | undefined)?.errors ?? [];
  return errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED");
}
