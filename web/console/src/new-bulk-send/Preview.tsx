import { useApolloClient } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

import { CreateBulkSendDocument, type CreateBulkSendMutation } from "../operations/generated";
import { texts } from "../texts";
import { type Draft, inputOf } from "./draft";

type DryRun = NonNullable<NonNullable<CreateBulkSendMutation["createBulkSend"]>["dryRun"]>;

interface Props {
  draft: Draft;
  row: number;
  onClose: () => void;
}

/** The mail of one row, as the gateway would write it. */
export default function Preview({ draft, row, onClose }: Props) {
  const input = inputOf(draft, [row]);
  const dryRun = useDryRun({ ...input, name: input.name || "-" });
  return (
    <ModalOverlay className="overlay" isDismissable isOpen onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Modal className="modal modal-wide">
        <Dialog className="dialog">
          <Heading slot="title">{texts.create.previewTitle(input.signers[0]?.name ?? "")}</Heading>
          {dryRun === undefined && <p className="quiet">{texts.create.checking}</p>}
          {dryRun === null && <p>{texts.create.previewRefused}</p>}
          {dryRun && (
            <article className="mail">
              <p className="strong">{dryRun.previewSubject}</p>
              <p className="quiet">{input.signers[0]?.email}</p>
              <pre tabIndex={0}>{dryRun.previewText}</pre>
            </article>
          )}
          <div className="dialog-actions">
            <Button slot="close" className="button">
              {texts.create.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function useDryRun(input: ReturnType<typeof inputOf>): DryRun | null | undefined {
  const client = useApolloClient();
  const [dryRun, setDryRun] = useState<DryRun | null>();
  const text = JSON.stringify(input);
  useEffect(() => {
    const stop = new AbortController();
    const variables = { input: { ...(JSON.parse(text) as typeof input), dryRun: true } };
    void client.mutate({ mutation: CreateBulkSendDocument, variables }).then(({ data }) => {
      if (!stop.signal.aborted) setDryRun(data?.createBulkSend?.dryRun ?? null);
    });
    return () => stop.abort();
  }, [client, text]);
  return dryRun;
}
