import { useQuery } from "@apollo/client/react";
import { Button } from "react-aria-components";

import { useNow } from "../components/useNow";
import { duration } from "../format";
import { isReachable } from "../graphql/connection";
import { RateLimitDocument } from "../operations/generated";
import { useStore } from "../store";
import { texts } from "../texts";
import type { Check } from "./useCheck";
import type { Sending } from "./useSend";

interface Props {
  count: number;
  check: Check;
  isReady: boolean;
  sending: Sending;
  onSend: () => void;
}

/** The button, or a countdown while it is too early for another bulk send. */
export function SendButton({ count, check, isReady, sending, onSend }: Props) {
  const wait = useWait(check, sending);
  const reachable = useStore(isReachable);
  const hasProblems = check.problems.rows.size > 0 || check.problems.general.length > 0;
  return (
    <div className="send">
      <Button
        className="button button-primary button-large"
        isDisabled={!isReady || hasProblems || wait > 0}
        isPending={sending.isSending}
        onPress={onSend}
      >
        {sending.isSending ? texts.create.sending : wait > 0 ? texts.create.sendIn(duration(wait)) : texts.create.send(count)}
      </Button>
      <p className="quiet" role="status">
        {sending.isSending && !reachable && texts.create.unknown}
        {wait > 0 && !sending.isSending && texts.create.sendInHint}
      </p>
    </div>
  );
}

/** How many ms it is too early; 0 if it is not. */
function useWait(check: Check, { refusals }: Sending): number {
  const isRefused = refusals.some(({ code }) => code === "RATE_LIMITED");
  const { data } = useQuery(RateLimitDocument, { fetchPolicy: "network-only", skip: check.nextBulkSendAt === null && !isRefused });
  const next = data?.rateLimit?.nextBulkSendAt ?? check.nextBulkSendAt;
  const now = useNow(next !== null);
  return next ? Math.max(0, Date.parse(next) - now) : 0;
}
