// PostGraphile's tenant: every plan is held to the organization of the key, and shows nothing deleted.
import { context, object } from "postgraphile/grafast";
import { TYPES } from "postgraphile/@dataplan/pg";
import { extendSchema, gql, wrapPlans } from "postgraphile/utils";

const organizationId = () => context().get("organizationId");

// Templates and documents are joined by the organization too: the foreign keys have it.
export const WithinTheTenant = wrapPlans((build) => {
  const { sql } = build;
  const standing = ($select) => $select.where(sql`${$select.alias}.deleted_at is null`);
  return {
    Query: {
      bulkSends(plan) {
        const $connection = plan();
        const $select = $connection.getSubplan();
        const owner = $select.placeholder(organizationId(), TYPES.uuid);
        $select.where(sql`${$select.alias}.organization_id = ${owner}`);
        standing($select);
        return $connection;
      },
    },
    BulkSend: {
      documents(plan) {
        const $connection = plan();
        standing($connection.getSubplan());
        return $connection;
      },
    },
  };
});

export const OneAndCreate = extendSchema((build) => {
  const { sql } = build;
  const { bulk_sends, create_bulk_send } = build.pgResources;
  return {
    typeDefs: gql`
      extend type Query {
        bulkSend(id: UUID!): BulkSend
      }
      extend type Mutation {
        createBulkSend(input: CreateBulkSendInput!): CreateBulkSendPayload
      }
      input CreateBulkSendInput {
        templateId: UUID!
        name: String!
        signers: [SignerInput!]!
      }
      input SignerInput {
        name: String!
        email: String!
      }
      type CreateBulkSendPayload {
        bulkSend: BulkSend
      }
    `,
    objects: {
      Query: {
        plans: {
          bulkSend(_, { $id }) {
            const $select = bulk_sends.find({ organization_id: organizationId(), id: $id });
            $select.where(sql`${$select.alias}.deleted_at is null`);
            return $select.single();
          },
        },
      },
      Mutation: {
        plans: {
          createBulkSend(_, { $input }) {
            const bulkSend = create_bulk_send.execute(
              [
                { step: organizationId(), pgCodec: TYPES.uuid },
                { step: $input.get("templateId"), pgCodec: TYPES.uuid },
                { step: $input.get("name"), pgCodec: TYPES.text },
                { step: $input.get("signers"), pgCodec: TYPES.json },
              ],
              "mutation",
            );
            return object({ bulkSend });
          },
        },
      },
      CreateBulkSendPayload: {
        plans: {
          bulkSend: ($payload) => $payload.get("bulkSend"),
        },
      },
    },
  };
});
