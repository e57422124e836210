import type { ApolloClient } from "@apollo/client";
import { useApolloClient, useMutation } from "@apollo/client/react";
import { Suspense, lazy, useState } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";

import { Icon } from "../components/Icon";
import { say } from "../components/messages";
import {
  BulkSendDocumentsDocument,
  type BulkSendSummaryFragment,
  CancelBulkSendDocument,
  type DocumentRowFragment,
  RetryBulkSendDocument,
} from "../operations/generated";
import { texts } from "../texts";
import { deleteUnlessUndone } from "./deleting";

const Confirm = lazy(() => import("../components/Confirm"));

interface Props {
  bulkSend: BulkSendSummaryFragment;
}

export function Actions({ bulkSend }: Props) {
  const { id, name, status, failedCount } = bulkSend;
  const client = useApolloClient();
  const [, navigate] = useLocation();
  const isSending = status === "PROCESSING";
  const remove = () => {
    deleteUnlessUndone(client, id, name);
    navigate("/");
  };
  return (
    <div className="actions">
      {!isSending && failedCount > 0 && <Retry id={id} />}
      {isSending && <Cancel bulkSend={bulkSend} />}
      <Button
        className="button"
        onPress={() => void download(client, id, name)}
      >
        <Icon name="download" />
        {texts.watch.download}
      </Button>
      {!isSending && (
        <Button className="button button-danger" onPress={remove}>
          <Icon name="trash" />
          {texts.watch.remove}
        </Button>
      )}
    </div>
  );
}

/** Save the outcome as it is now, which may be newer than what is shown. */
async function download(client: ApolloClient, id: string, name: string): Promise<void> {
  const [{ outcomeCsv, saveCsv }, { data, error }] = await Promise.all([
    import("./outcome"),
    client.query({ query: BulkSendDocumentsDocument, variables: { id }, fetchPolicy: "network-only" }),
  ]);
  const documents = data?.bulkSend?.documents?.edges?.map((edge) => edge?.node as DocumentRowFragment);
  if (documents) saveCsv(name, outcomeCsv(documents));
  else say({ text: error?.message ?? texts.watch.gone, isProblem: true });
}

function Retry({ id }: { id: string }) {
  const [retry, { loading }] = useMutation(RetryBulkSendDocument, { variables: { input: { id } } });
  const press = async () => {
    const { data, error } = await retry();
    const payload = data?.retryBulkSend;
    const problem = error ?? payload?.userErrors[0];
    say(problem ? { text: problem.message, isProblem: true } : { text: texts.watch.retried(payload?.retriedCount ?? 0) });
  };
  return (
    <Button className="button button-primary" isDisabled={loading} onPress={() => void press()}>
      <Icon name="retry" />
      {texts.watch.retry}
    </Button>
  );
}

function Cancel({ bulkSend }: { bulkSend: BulkSendSummaryFragment }) {
  const { id, pendingCount } = bulkSend;
  const [isAsking, setIsAsking] = useState(false);
  const [cancel] = useMutation(CancelBulkSendDocument, { variables: { input: { id } } });
  const confirm = async () => {
    const { data, error } = await cancel();
    const payload = data?.cancelBulkSend;
    const problem = error ?? payload?.userErrors[0];
    say(
      problem ? { text: problem.message, isProblem: true } : { text: texts.watch.cancelled(payload?.cancelledCount ?? 0) },
    );
  };
  return (
    <>
      <Button className="button button-danger" onPress={() => setIsAsking(true)}>
        <Icon name="stop" />
        {texts.watch.cancel}
      </Button>
      <Suspense>
        {isAsking && (
          <Confirm
            title={texts.watch.cancelTitle}
            text={texts.watch.cancelText(pendingCount)}
            keep={texts.watch.cancelKeep}
            confirm={texts.watch.cancelConfirm}
            onConfirm={() => void confirm()}
            onClose={() => setIsAsking(false)}
          />
        )}
      </Suspense>
    </>
  );
}
