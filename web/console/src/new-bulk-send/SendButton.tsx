import { Button } from "react-aria-components";

import { useNow } from "../components/useNow";
import { duration } from "../format";
import { isReachable } from "../graphql/connection";
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
        isDisabled={!isReady || hasProblems || wait > 0 || sending.isSending}
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
function useWait(check: Check, { allowedAt }: Sending): number {
  const next = Math.max(allowedAt ?? 0, check.nextBulkSendAt ? Date.parse(check.nextBulkSendAt) : 0);
  const now = useNow(next > 0);
  return Math.max(0, next - now);
}
