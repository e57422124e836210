"""The schema matches the contract in every type, field, argument and enum value, and schema.graphql is up to date."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    Undefined,
    build_schema,
)

import bulksend.schema
from bulksend.schema.build import build_schema as build

CONTRACT: Final = """
type Query {
  viewer: Viewer!
  rateLimit: RateLimit
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  bulkSend(id: ID!): BulkSend
  bulkSends(first: Int, after: String, last: Int, before: String, status: [BulkSendStatus!], search: String,
            templateId: ID, externalId: String, createdAfter: DateTime, createdBefore: DateTime,
            orderBy: BulkSendOrder): BulkSendConnection
  document(id: ID!): Document
  documents(first: Int, after: String, last: Int, before: String, signerEmail: String, externalId: String,
            status: [DocumentStatus!], deliveryStatus: [DeliveryStatus!], bulkSendId: ID, templateId: ID,
            createdAfter: DateTime, createdBefore: DateTime): DocumentConnection
  template(id: ID!): Template
  templates(first: Int, after: String, last: Int, before: String, search: String): TemplateConnection
}
type Mutation {
  createBulkSend(input: CreateBulkSendInput!): CreateBulkSendPayload
  deleteBulkSend(input: DeleteBulkSendInput!): DeleteBulkSendPayload
  cancelBulkSend(input: CancelBulkSendInput!): CancelBulkSendPayload
  retryBulkSend(input: RetryBulkSendInput!): RetryBulkSendPayload
  remindDocuments(input: RemindDocumentsInput!): RemindDocumentsPayload
  voidDocuments(input: VoidDocumentsInput!): VoidDocumentsPayload
  amendDocuments(input: AmendDocumentsInput!): AmendDocumentsPayload
  createTemplate(input: CreateTemplateInput!): CreateTemplatePayload
  archiveTemplate(input: ArchiveTemplateInput!): ArchiveTemplatePayload
  previewTemplate(input: PreviewTemplateInput!): PreviewTemplatePayload
}
type Subscription { bulkSend(id: ID!, until: BulkSendMilestone! = DELIVERED): BulkSend  bulkSends: BulkSend }
enum BulkSendMilestone { DELIVERED CLOSED }
enum BulkSendOrder { CREATED_AT_DESC CREATED_AT_ASC }
input CreateBulkSendInput {
  templateId: ID!  name: String!  emailMessage: String  externalId: String  signers: [SignerInput!]!
  idempotencyKey: String  waitForDelivery: Boolean = true  dryRun: Boolean = false
  locale: String  expiresInDays: Int  reminders: RemindersInput
  onInvalidSigners: InvalidSigners = REJECT_ALL
}
enum InvalidSigners { REJECT_ALL SKIP }
input SignerInput {
  name: String!  email: String!  phone: String  message: String  externalId: String  values: [MergeValueInput!]
  locale: String
}
input RemindersInput { afterDays: Int!  everyDays: Int! = 7  atMost: Int! = 3 }
input RemindDocumentsInput { bulkSendId: ID!  documentIds: [ID!] }
input VoidDocumentsInput { bulkSendId: ID!  documentIds: [ID!]  reason: String!  notify: Boolean! = false }
input AmendDocumentsInput { bulkSendId: ID!  documents: [AmendedDocumentInput!]! }
input AmendedDocumentInput {
  documentId: ID!  name: String  email: String  phone: String  message: String  values: [MergeValueInput!]
}
input MergeValueInput { field: String!  value: String! }
input DeleteBulkSendInput { id: ID! }
input CancelBulkSendInput { id: ID! }
input RetryBulkSendInput { id: ID!  documentIds: [ID!] }
type CreateBulkSendPayload {
  bulkSend: BulkSend  dryRun: DryRun  replayed: Boolean!  userErrors: [UserError!]!  warnings: [Warning!]!
}
type DeleteBulkSendPayload { deletedBulkSendId: ID  userErrors: [UserError!]! }
type CancelBulkSendPayload { bulkSend: BulkSend  cancelledCount: Int!  userErrors: [UserError!]! }
type RetryBulkSendPayload { bulkSend: BulkSend  retriedCount: Int!  userErrors: [UserError!]! }
type RemindDocumentsPayload { bulkSend: BulkSend  remindedCount: Int!  userErrors: [UserError!]! }
type VoidDocumentsPayload { bulkSend: BulkSend  voidedCount: Int!  userErrors: [UserError!]! }
type AmendDocumentsPayload { bulkSend: BulkSend  amendedCount: Int!  userErrors: [UserError!]! }
type DryRun { totalCount: Int!  nextBulkSendAt: DateTime  previewSubject: String!  previewText: String! }
type UserError { code: UserErrorCode!  field: [String!]  message: String!  retryAfter: Int }
type Warning { code: WarningCode!  field: [String!]  message: String! }

interface Node { id: ID! }
type BulkSend implements Node {
  id: ID!  name: String!  status: BulkSendStatus!  emailMessage: String  externalId: String
  totalCount: Int!  sentCount: Int!  failedCount: Int!  pendingCount: Int!  cancelledCount: Int!
  progress: Float!  completedAt: DateTime  createdBy: String
  viewedCount: Int!  signedCount: Int!  declinedCount: Int!  expiredCount: Int!
  templateId: ID!  template: Template
  documents(first: Int, after: String, last: Int, before: String, status: [DocumentStatus!],
            deliveryStatus: [DeliveryStatus!], signerEmail: String, search: String): DocumentConnection
  createdAt: DateTime!  updatedAt: DateTime!
}
type Document implements Node {
  id: ID!  bulkSend: BulkSend  template: Template  signerIndex: Int!  signer: Signer!  externalId: String
  status: DocumentStatus!  delivery: Delivery!  signingUrl: String
  viewedAt: DateTime  signedAt: DateTime  declinedAt: DateTime  expiresAt: DateTime
  createdAt: DateTime!  updatedAt: DateTime!
  values: [MergeValue!]  message: String  locale: String  signature: Signature  declineReason: String
  voidReason: String  sealedPdf: SealedPdf
  events(first: Int, after: String, last: Int, before: String): EventConnection
}
type SealedPdf { url: String!  sha256: String!  size: Int! }
type MergeValue { field: String!  value: String! }
type Event {
  type: EventType!  occurredAt: DateTime!  actor: String!  ipAddress: String  userAgent: String
  details: [EventDetail!]!  sequence: Int  hash: String
}
type EventDetail { name: String!  value: String }
type Signature {
  name: String!  signedAt: DateTime!  intent: String!  documentSha256: String!  consentSha256: String
  ipAddress: String  userAgent: String
}
enum EventType {
  CREATED SENT VIEWED CONSENTED SIGNED DECLINED EXPIRED REMINDED AMENDED VOIDED DOWNLOADED SEALED
}
type Signer { name: String!  email: String!  phone: String }
type Delivery {
  status: DeliveryStatus!  attempts: Int!  sentAt: DateTime  failedAt: DateTime  nextAttemptAt: DateTime
  waitingFor: DeliveryWait  error: DeliveryError
}
type DeliveryError { code: DeliveryErrorCode!  message: String!  smtpCode: Int }
type Template implements Node {
  id: ID!  name: String!  description: String  body: String!  mergeFields: [String!]!  fields: [TemplateField!]!
  jsonSchema: JSON!  archivedAt: DateTime  createdAt: DateTime!
}
type TemplateField {
  name: String!  type: TemplateFieldType!  label: String  filledBy: FilledBy!  required: Boolean!  default: String
  minLength: Int  maxLength: Int  minimum: String  maximum: String  choices: [String!]!
}
enum TemplateFieldType { TEXT MULTILINE_TEXT INTEGER DECIMAL DATE CHOICE EMAIL CHECKBOX }
enum FilledBy { SENDER SIGNER }
scalar JSON
input TemplateFieldInput {
  name: String!  type: TemplateFieldType  label: String  filledBy: FilledBy  required: Boolean  default: String
  minLength: Int  maxLength: Int  minimum: String  maximum: String  choices: [String!]
}
input CreateTemplateInput { name: String!  description: String  body: String!  fields: [TemplateFieldInput!] }
input ArchiveTemplateInput { id: ID! }
input PreviewTemplateInput {
  templateId: ID  body: String  fields: [TemplateFieldInput!]  signerName: String  signerEmail: String
  values: [MergeValueInput!]
}
type CreateTemplatePayload { template: Template  userErrors: [UserError!]! }
type ArchiveTemplatePayload { template: Template  userErrors: [UserError!]! }
type PreviewTemplatePayload { preview: TemplatePreview  userErrors: [UserError!]! }
type TemplatePreview { html: String!  fields: [TemplateField!]!  pdf: String! }
type Organization implements Node { id: ID!  name: String! }
type ApiKey implements Node { id: ID!  name: String!  scopes: [String!]!  expiresAt: DateTime }
type Viewer { organization: Organization!  apiKey: ApiKey! }
type RateLimit { nextBulkSendAt: DateTime  lastBulkSend: BulkSend  limit: Int!  remaining: Int!  resetAt: DateTime!
  cost: Int! }
enum BulkSendStatus { PROCESSING COMPLETED FAILED }
enum DeliveryStatus { PENDING SENT FAILED }
enum DeliveryWait { TURN RETRY SERVER WORKER }
enum DocumentStatus { PENDING SIGNED DECLINED EXPIRED CANCELLED }

type PageInfo { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String }
type BulkSendConnection { edges: [BulkSendEdge!]!  nodes: [BulkSend!]!  pageInfo: PageInfo!  totalCount: Int }
type BulkSendEdge { cursor: String!  node: BulkSend! }
type DocumentConnection { edges: [DocumentEdge!]!  nodes: [Document!]!  pageInfo: PageInfo!  totalCount: Int }
type DocumentEdge { cursor: String!  node: Document! }
type EventConnection { edges: [EventEdge!]!  nodes: [Event!]!  pageInfo: PageInfo!  totalCount: Int }
type EventEdge { cursor: String!  node: Event! }
type TemplateConnection { edges: [TemplateEdge!]!  nodes: [Template!]!  pageInfo: PageInfo!  totalCount: Int }
type TemplateEdge { cursor: String!  node: Template! }

scalar DateTime
# These three say no more in the contract than the codes it mentions.
enum UserErrorCode { RATE_LIMITED IDEMPOTENCY_KEY_REUSED NOT_FOUND }
enum WarningCode { DUPLICATE_EMAIL }
enum DeliveryErrorCode { MAILBOX_UNAVAILABLE MESSAGE_REFUSED ATTEMPTS_EXHAUSTED SMTP_UNREACHABLE CANCELLED }
"""

WRITTEN: Final = Path(bulksend.schema.__path__[0]) / "schema.graphql"
PROMISED: Final = build_schema(CONTRACT)
BUILT: Final = build_schema(build().as_str())
TYPES: Final = sorted(name for name in PROMISED.type_map if not name.startswith("__"))
OPEN_ENDED: Final = {"UserErrorCode", "WarningCode", "DeliveryErrorCode"}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_as_promised(name: str) -> None:
    promised, built = PROMISED.type_map[name], BUILT.type_map[name]
    assert type(built) is type(promised)
    if name in OPEN_ENDED:
        assert set(described(promised)) <= set(described(built))
    else:
        assert described(built) == described(promised)


def test_there_is_nothing_unpromised() -> None:
    assert sorted(name for name in BUILT.type_map if not name.startswith("__")) == TYPES


def test_everything_is_described() -> None:
    silent = [
        f"{kind.name}.{name}"
        for kind in BUILT.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if not field.description
    ]
    assert silent == []


def test_the_written_schema_is_current() -> None:
    """`.ci/write-schemas` regenerates it."""
    assert WRITTEN.read_text("utf-8") == build().as_str() + "\n"


def test_optional_arguments_have_no_default_and_times_say_their_format() -> None:
    text = build().as_str()
    assert "= null" not in text
    assert re.search(r"^scalar DateTime @specifiedBy\(url: \"https://", text, re.MULTILINE)


def described(kind: Any) -> dict[str, Any]:
    """Return everything that callers rely on, comparable between two schemas."""
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            fields = {name: (str(field.type), arguments(field.args)) for name, field in kind.fields.items()}
            return fields | {" implements": sorted(interface.name for interface in kind.interfaces)}
        case GraphQLInputObjectType():
            return arguments(kind.fields)
        case GraphQLEnumType():
            return dict.fromkeys(kind.values)
        case _:
            return {}


def arguments(given: Any) -> dict[str, Any]:
    return {
        name: (str(one.type), None if one.default_value is Undefined else repr(one.default_value))
        for name, one in given.items()
    }
