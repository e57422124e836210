import { ProgressBar } from "react-aria-components";

interface Counts {
  totalCount: number;
  sentCount: number;
  failedCount: number;
}

/** Sent and failed of all, as one bar. */
export function Progress({ counts, label }: { counts: Counts; label: string }) {
  const part = (number: number) => `${(100 * number) / Math.max(1, counts.totalCount)}%`;
  const done = counts.sentCount + counts.failedCount;
  return (
    <ProgressBar className="progress" aria-label={label} value={done} maxValue={counts.totalCount}>
      <span className="progress-sent" style={{ width: part(counts.sentCount) }} />
      <span className="progress-failed" style={{ width: part(counts.failedCount) }} />
    </ProgressBar>
  );
}
