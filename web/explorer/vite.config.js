import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  worker: { format: "es" },
  build: {
    outDir: "../dist/explorer",
    emptyOutDir: true,
    // Data URLs would need a looser Content-Security-Policy than files do.
    assetsInlineLimit: 0,
    // Monaco alone is larger than Vite's default.
    chunkSizeWarningLimit: 4096,
    modulePreload: { polyfill: false },
    // "use client" in the libraries is for servers that render React.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
