import "@fontsource-variable/inter/wght.css";
import "./styles/theme.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/lists.css";
import "./styles/pages.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { goToWhatWasCreated } from "./new-bulk-send/reload";
import { startSession } from "./session";
import { readSettings } from "./settings";

const settings = readSettings();
startSession(settings.demoKey);
goToWhatWasCreated();

const root = document.getElementById("console");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App settings={settings} />
    </StrictMode>,
  );
}
