import { useEffect } from "react";
import {
  Button,
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";

import { useStore } from "../store";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { type Message, unshown } from "./messages";

const queue = new ToastQueue<Message>({ maxVisibleToasts: 3 });
const MILLISECONDS = 6000;

export default function Toasts() {
  const messages = useStore(unshown);
  useEffect(() => {
    for (const message of messages) {
      queue.add(message, { timeout: message.isProblem ? undefined : (message.milliseconds ?? MILLISECONDS) });
    }
    if (messages.length > 0) unshown.set([]);
  }, [messages]);
  return (
    <ToastRegion queue={queue} className="toasts">
      {({ toast }) => (
        <Toast toast={toast} className={toast.content.isProblem ? "toast toast-problem" : "toast"}>
          <ToastContent>
            <Text slot="title">{toast.content.text}</Text>
          </ToastContent>
          {toast.content.undo && (
            <Button className="button button-quiet" onPress={() => undo(toast.key, toast.content.undo)}>
              {texts.watch.undo}
            </Button>
          )}
          <Button slot="close" className="icon-button" aria-label={texts.create.close}>
            <Icon name="close" />
          </Button>
        </Toast>
      )}
    </ToastRegion>
  );
}

function undo(key: string, action: (() => void) | undefined): void {
  action?.();
  queue.close(key);
}
