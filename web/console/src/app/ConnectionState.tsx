import { useNow } from "../components/useNow";
import { duration } from "../format";
import { isReachable, waitingUntil } from "../graphql/connection";
import { useStore } from "../store";
import { texts } from "../texts";

/** Says when the gateway is away, or asks for patience: what was asked goes on by itself. */
export function ConnectionState() {
  const reachable = useStore(isReachable);
  const until = useStore(waitingUntil);
  const now = useNow(until !== null);
  const text = !reachable
    ? texts.connection.unreachable
    : until !== null && until > now
      ? texts.connection.limited(duration(until - now))
      : null;
  return (
    <div role="status" className="connection">
      {text && <p>{text}</p>}
    </div>
  );
}
