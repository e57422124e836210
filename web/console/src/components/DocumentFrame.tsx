import { useEffect, useRef } from "react";

interface Policy {
  createHTML: (html: string) => string;
}

declare global {
  interface Window {
    trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy };
  }
}

// What is shown is inert: the frame is a sandbox without scripts, and the server has sanitised the fragment.
const policy = window.trustedTypes?.createPolicy("documents", { createHTML: (html) => html });

const STYLE = `
  :root { color-scheme: light; }
  body { margin: 0; padding: 1.5rem; background: #fff; color: #161b26; font: 15px/1.6 system-ui, sans-serif;
    overflow-wrap: anywhere; }
  h1 { font-size: 1.35rem; } h2 { font-size: 1.15rem; } h3 { font-size: 1rem; }
  table { border-collapse: collapse; } th, td { border: 1px solid #d5dae2; padding: .35rem .7rem; text-align: left; }
  blockquote { margin: 1em 0; padding-left: 1rem; border-left: 3px solid #d5dae2; }
`;

/** A document as its signer sees it, apart from this page. */
export function DocumentFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
    const page = `<!doctype html><html lang="en"><title></title><style nonce="${nonce}">${STYLE}</style>${html}`;
    if (frame.current) frame.current.srcdoc = policy ? policy.createHTML(page) : page;
  }, [html]);
  return <iframe ref={frame} className="document-frame" title={title} sandbox="" tabIndex={0} />;
}
