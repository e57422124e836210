import { useApolloClient } from "@apollo/client/react";
import { useEffect, useState } from "react";

import {
  PreviewTemplateDocument,
  type PreviewTemplateInput,
  type ProblemFragment,
  type TemplateFieldRowFragment,
} from "../operations/generated";

const PAUSE_MILLISECONDS = 400;

export interface Preview {
  html: string | null;
  fields: readonly TemplateFieldRowFragment[];
  problems: readonly ProblemFragment[];
}

const NOTHING: Preview = { html: null, fields: [], problems: [] };

/** A template as a signer would see it, a moment after it was changed; what was right last stays while it is wrong. */
export function usePreview(input: PreviewTemplateInput | null): Preview {
  const client = useApolloClient();
  const [preview, setPreview] = useState(NOTHING);
  const text = JSON.stringify(input);
  useEffect(() => {
    const asked = JSON.parse(text) as PreviewTemplateInput | null;
    if (asked === null) {
      setPreview(NOTHING);
      return undefined;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      void client.mutate({ mutation: PreviewTemplateDocument, variables: { input: asked } }).then(({ data }) => {
        const payload = data?.previewTemplate;
        if (stop.signal.aborted || !payload) return;
        const { preview: shown, userErrors } = payload;
        setPreview((before) => ({
          html: shown?.html ?? before.html,
          fields: shown?.fields ?? before.fields,
          problems: userErrors,
        }));
      });
    }, PAUSE_MILLISECONDS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, text]);
  return preview;
}
