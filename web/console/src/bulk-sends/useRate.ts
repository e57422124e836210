import { useEffect, useRef, useState } from "react";

const WINDOW_MILLISECONDS = 10000;

interface Sample {
  at: number;
  done: number;
}

/** How fast mails get done: a second, over the last ten seconds; null while that is not known. */
export function useRate(done: number, isSending: boolean): number | null {
  const samples = useRef<Sample[]>([]);
  const [rate, setRate] = useState<number | null>(null);
  useEffect(() => {
    if (!isSending) {
      samples.current = [];
      setRate(null);
      return;
    }
    const now = Date.now();
    samples.current = [...samples.current, { at: now, done }].filter(({ at }) => now - at <= WINDOW_MILLISECONDS);
    setRate(rateOf(samples.current));
  }, [done, isSending]);
  return rate;
}

function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at - first.at < 500 || last.done <= first.done) return null;
  return ((last.done - first.done) * 1000) / (last.at - first.at);
}
