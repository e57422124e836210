import { takeCreated } from "./draft";

const NEW = "/console/new";

/**
 * Go to the bulk send whose answer came after a reload of its form had begun. The page that got the answer had
 * already been left, and an empty form would look as if nothing had been sent.
 */
export function goToWhatWasCreated(): void {
  const created = takeCreated();
  if (!created || window.location.pathname !== NEW || !isReload()) return;
  window.history.replaceState(null, "", `/console/bulk-sends/${created}`);
}

function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return (entry as PerformanceNavigationTiming | undefined)?.type === "reload";
}
