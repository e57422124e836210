import { useApolloClient } from "@apollo/client/react";
import { useEffect, useState } from "react";

import { CreateBulkSendDocument, type CreateBulkSendInput } from "../operations/generated";
import { NONE, type Problems, problemsOf } from "./problems";

const PAUSE_MILLISECONDS = 350;
// Before it has a name, everything else of it can be checked.
const NAMELESS = "-";

export interface Check {
  isChecking: boolean;
  /** False until everything was checked, and as soon as anything is changed. */
  isDone: boolean;
  problems: Problems;
  warnings: readonly { message: string }[];
  nextBulkSendAt: string | null;
  failure: string | null;
}

const UNCHECKED: Check = {
  isChecking: false,
  isDone: false,
  problems: NONE,
  warnings: [],
  nextBulkSendAt: null,
  failure: null,
};

/** Ask the gateway what it makes of the input, whenever that changes and a moment has passed. */
export function useCheck(input: CreateBulkSendInput | null, rows: readonly number[]): Check {
  const client = useApolloClient();
  const [check, setCheck] = useState<Check>(UNCHECKED);
  useEffect(() => {
    if (input === null) {
      setCheck(UNCHECKED);
      return undefined;
    }
    const stop = new AbortController();
    setCheck((before) => ({ ...before, isChecking: true, isDone: false }));
    const timer = setTimeout(() => {
      const checked = { ...input, name: input.name || NAMELESS, dryRun: true };
      void client
        .mutate({ mutation: CreateBulkSendDocument, variables: { input: checked }, context: { askAgain: true } })
        .then(({ data, error }) => {
          if (stop.signal.aborted) return;
          const payload = data?.createBulkSend;
          setCheck({
            isChecking: false,
            isDone: payload != null,
            problems: problemsOf(payload?.userErrors ?? [], checked, rows),
            warnings: payload?.warnings ?? [],
            nextBulkSendAt: payload?.dryRun?.nextBulkSendAt ?? null,
            failure: payload ? null : (error?.message ?? null),
          });
        });
    }, PAUSE_MILLISECONDS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, input, rows]);
  return check;
}
