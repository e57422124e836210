import type { ReactNode } from "react";

/** A message in the page. Problems are announced at once. */
export function Notice({ tone = "info", children }: { tone?: "info" | "problem"; children: ReactNode }) {
  return (
    <div className={`notice notice-${tone}`} role={tone === "problem" ? "alert" : "status"}>
      {children}
    </div>
  );
}
