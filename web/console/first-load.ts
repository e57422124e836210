import { gzipSync } from "node:zlib";

import type { Plugin, Rolldown } from "vite";

/** Print how much a browser loads before it shows anything, and fail the build if that is too much. */
export function firstLoad({ maximumKilobytes }: { maximumKilobytes: number }): Plugin {
  return {
    name: "first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = new Map(Object.entries(bundle));
      const loaded = staticImports(files);
      const bytes = [...loaded].map((name) => compressed(files.get(name)));
      const kilobytes = bytes.reduce((sum, size) => sum + size, 0) / 1000;
      this.info(`first load: ${kilobytes.toFixed(1)} kB gzipped in ${loaded.size} files (maximum ${maximumKilobytes})`);
      if (kilobytes > maximumKilobytes) this.error(`first load: ${kilobytes.toFixed(1)} kB is too much`);
    },
  };
}

type Output = Rolldown.OutputChunk | Rolldown.OutputAsset;

/** Return the names of the entry's chunks and style sheets, and of the font that its text is set in. */
function staticImports(files: Map<string, Output>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    const file = files.get(name);
    if (file?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    file.imports.forEach(visit);
  };
  for (const [name, file] of files) {
    if (file.type === "chunk" && file.isEntry) visit(name);
    if (/inter-latin-wght-normal.*\.woff2$|index.*\.css$/.test(name)) found.add(name);
  }
  return found;
}

function compressed(file: Output | undefined): number {
  if (!file) return 0;
  const content = file.type === "chunk" ? file.code : file.source;
  return gzipSync(content, { level: 6 }).length;
}
