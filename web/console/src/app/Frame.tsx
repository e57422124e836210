import { type ReactNode, Suspense, lazy } from "react";
import { Link, useRoute } from "wouter";

import type { Settings } from "../settings";
import { texts } from "../texts";
import { ConnectionState } from "./ConnectionState";

const AccountMenu = lazy(() => import("./AccountMenu"));

/** What is around every page. */
export function Frame({ settings, children }: { settings: Settings; children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        {texts.skip}
      </a>
      <header className="top">
        <div className="top-inner">
          <Link href="/" className="brand">
            <span className="brand-mark" aria-hidden="true" />
            {texts.product}
          </Link>
          <nav aria-label={texts.nav.label}>
            <NavLink href="/" pattern={/^\/(bulk-sends\/.*|new)?$/} label={texts.nav.bulkSends} />
            <NavLink href="/templates" pattern={/^\/templates(\/.*)?$/} label={texts.nav.templates} />
          </nav>
          <Suspense>
            <AccountMenu settings={settings} />
          </Suspense>
        </div>
      </header>
      <ConnectionState />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function NavLink({ href, pattern, label }: { href: string; pattern: RegExp; label: string }) {
  const [isHere] = useRoute(pattern);
  return (
    <Link href={href} className="nav-link" aria-current={isHere ? "page" : undefined}>
      {label}
    </Link>
  );
}
