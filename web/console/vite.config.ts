import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

import { firstLoad } from "./first-load.ts";

export default defineConfig({
  base: "/console/",
  plugins: [react(), firstLoad({ maximumKilobytes: 250 })],
  build: {
    outDir: "../dist/console",
    emptyOutDir: true,
    // Data URLs would need a looser Content-Security-Policy than files do.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // "use client" in the libraries is for servers that render React.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
