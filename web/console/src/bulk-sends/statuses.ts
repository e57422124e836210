import type { Tone } from "../components/Badge";
import type { BulkSendStatus, DeliveryStatus, DocumentStatus } from "../operations/generated";

const BULK_SEND: Record<BulkSendStatus, Tone> = { PROCESSING: "busy", COMPLETED: "good", FAILED: "bad" };
const DELIVERY: Record<DeliveryStatus, Tone> = { PENDING: "busy", SENT: "good", FAILED: "bad" };
const DOCUMENT: Record<DocumentStatus, Tone> = {
  PENDING: "quiet",
  SIGNED: "good",
  DECLINED: "bad",
  EXPIRED: "quiet",
  CANCELLED: "quiet",
};

export const bulkSendTone = ({ status }: { status: BulkSendStatus }): Tone => BULK_SEND[status];
export const deliveryTone = (status: DeliveryStatus): Tone => DELIVERY[status];
export const documentTone = (status: DocumentStatus): Tone => DOCUMENT[status];
