const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "short" });

export function dateTime(iso: string): string {
  const date = new Date(iso);
  return date.toDateString() === new Date().toDateString() ? `today, ${clock.format(date)}` : moment.format(date);
}

/** Write a duration as people say it: `8 s`, `2:05 min`, `3 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  return `${Math.round(seconds / 3600)} h`;
}
