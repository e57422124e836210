import { Progress } from "../components/Progress";
import { duration } from "../format";
import type { BulkSendSummaryFragment } from "../operations/generated";
import { texts } from "../texts";
import { useRate } from "./useRate";

interface Props {
  bulkSend: BulkSendSummaryFragment;
  isLive: boolean;
}

/** The counts, and while it is being sent how fast and for how long. */
export function Summary({ bulkSend, isLive }: Props) {
  const { totalCount, sentCount, failedCount, pendingCount } = bulkSend;
  const isSending = bulkSend.status === "PROCESSING";
  const rate = useRate(sentCount + failedCount, isSending);
  return (
    <section className="card summary" aria-label={texts.watch.progress}>
      <Progress counts={bulkSend} label={texts.watch.progress} />
      <dl className="counts">
        <Count label={texts.watch.sent} value={sentCount} tone="good" />
        <Count label={texts.watch.failed} value={failedCount} tone="bad" />
        <Count label={texts.watch.waiting} value={pendingCount} tone="busy" />
        <Count label={texts.watch.viewed} value={bulkSend.viewedCount} />
        <Count label={texts.watch.signed} value={bulkSend.signedCount} />
        {bulkSend.declinedCount > 0 && <Count label={texts.watch.declined} value={bulkSend.declinedCount} />}
        <Count label={texts.watch.total} value={totalCount} />
      </dl>
      {isSending && (
        <p className="quiet pace">
          <span className={isLive ? "live" : undefined}>{isLive ? texts.watch.live : texts.watch.polling}</span>
          {rate !== null && <span>{texts.watch.rate(rate)}</span>}
          {rate !== null && <span>{texts.watch.timeLeft(duration((1000 * pendingCount) / rate))}</span>}
        </p>
      )}
    </section>
  );
}

function Count({ label, value, tone }: { label: string; value: number; tone?: string }) {
  return (
    <div className={`count ${tone && value > 0 ? `count-${tone}` : ""}`}>
      <dt>{label}</dt>
      <dd>{value.toLocaleString("en")}</dd>
    </div>
  );
}
