import { useApolloClient } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

import { Choices } from "../components/Choices";
import { DocumentFrame } from "../components/DocumentFrame";
import { CreateBulkSendDocument, type CreateBulkSendMutation, type SignerInput } from "../operations/generated";
import { usePreview } from "../templates/usePreview";
import { texts } from "../texts";
import { type Draft, inputOf } from "./draft";

type DryRun = NonNullable<NonNullable<CreateBulkSendMutation["createBulkSend"]>["dryRun"]>;

const PARTS = [
  { value: "MAIL", label: texts.create.previewMail },
  { value: "DOCUMENT", label: texts.create.previewDocument },
] as const;
type Part = (typeof PARTS)[number]["value"];

interface Props {
  draft: Draft;
  row: number;
  onClose: () => void;
}

/** The mail and the document of one row, as the gateway would make them. */
export default function Preview({ draft, row, onClose }: Props) {
  const [part, setPart] = useState<Part>("MAIL");
  const input = inputOf(draft, [row]);
  const signer = input.signers[0] as SignerInput;
  const dryRun = useDryRun({ ...input, name: input.name || "-" });
  const { templateId } = input;
  const page = usePreview({ templateId, signerName: signer.name, signerEmail: signer.email, values: signer.values });
  return (
    <ModalOverlay className="overlay" isDismissable isOpen onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Modal className="modal modal-wide">
        <Dialog className="dialog">
          <Heading slot="title">{texts.create.previewTitle(signer.name)}</Heading>
          <Choices label={texts.create.previewParts} choices={PARTS} value={part} onChange={setPart} />
          {part === "DOCUMENT" && <DocumentFrame html={page.html ?? ""} title={texts.create.previewDocument} />}
          {part === "MAIL" && dryRun === undefined && <p className="quiet">{texts.create.checking}</p>}
          {part === "MAIL" && dryRun === null && <p>{texts.create.previewRefused}</p>}
          {part === "MAIL" && dryRun && (
            <article className="mail">
              <p className="strong">{dryRun.previewSubject}</p>
              <p className="quiet">{signer.email}</p>
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
