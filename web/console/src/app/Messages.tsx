import { Suspense, lazy, useEffect, useState } from "react";

import { unshown } from "../components/messages";
import { useStore } from "../store";

const Toasts = lazy(() => import("../components/Toasts"));

/** Shows messages, from the first one on. */
export function Messages() {
  const hasMessages = useStore(unshown).length > 0;
  const [isNeeded, setIsNeeded] = useState(false);
  useEffect(() => {
    if (hasMessages) setIsNeeded(true);
  }, [hasMessages]);
  return <Suspense>{isNeeded && <Toasts />}</Suspense>;
}
