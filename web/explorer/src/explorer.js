import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { createFetcher } from "./fetcher.js";
import { createStorage } from "./storage.js";

const settings = JSON.parse(document.getElementById("settings").textContent);

const explorer = createElement(
  GraphiQL,
  {
    fetcher: createFetcher(settings.endpoint),
    storage: createStorage(settings.workspace),
    plugins: [HISTORY_PLUGIN, explorerPlugin()],
    defaultTabs: settings.tabs,
    defaultHeaders: settings.headers,
    // Variables and headers take the room that a phone has for the operation.
    defaultEditorToolsVisibility: window.innerWidth > 700 && settings.tools,
    schemaDescription: true,
  },
  createElement(GraphiQL.Logo, null, "Bulksend"),
);

createRoot(document.getElementById("explorer")).render(explorer);
