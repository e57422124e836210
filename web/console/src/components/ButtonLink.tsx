import type { ReactNode } from "react";
import { Link } from "wouter";

export function ButtonLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Link href={href} className="button button-primary">
      {children}
    </Link>
  );
}
