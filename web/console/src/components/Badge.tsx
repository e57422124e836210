import type { ReactNode } from "react";

export type Tone = "good" | "bad" | "busy" | "quiet";

/** A status: always a word, its colour only helps. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}
