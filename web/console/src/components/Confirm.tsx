import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

export default function Confirm(props: {
  title: string;
  text: string;
  keep: string;
  confirm: string;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <ModalOverlay className="overlay" isDismissable isOpen onOpenChange={(isOpen) => !isOpen && props.onClose()}>
      <Modal className="modal">
        <Dialog role="alertdialog" className="dialog">
          {({ close }) => (
            <>
              <Heading slot="title">{props.title}</Heading>
              <p>{props.text}</p>
              <div className="dialog-actions">
                <Button className="button" autoFocus onPress={close}>
                  {props.keep}
                </Button>
                <Button
                  className="button button-danger-solid"
                  onPress={() => {
                    props.onConfirm();
                    close();
                  }}
                >
                  {props.confirm}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
