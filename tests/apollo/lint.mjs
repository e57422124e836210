// graphql-eslint's rules for schemas and for Relay's connections: `node lint.mjs SCHEMA`.
// Prints one line for each problem; the exit status is 0 when there is none.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import plugin from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const schema = process.argv[2];
const rules = {
  ...plugin.configs["flat/schema-recommended"].rules,
  ...plugin.configs["flat/schema-relay"].rules,
  "@graphql-eslint/require-description": [
    "error",
    {
      types: true,
      rootField: true,
      DirectiveDefinition: true,
      FieldDefinition: true,
      InputValueDefinition: true,
      EnumValueDefinition: true,
    },
  ],
  // Lists that are no pages: `userErrors`, `warnings`, and a connection's `nodes`.
  "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
  // Values and envelopes: they have no identity of their own.
  "@graphql-eslint/strict-id-in-types": [
    "error",
    {
      exceptions: {
        suffixes: ["Connection", "Edge", "Payload"],
        types: [
          ...["Delivery", "DeliveryError", "DryRun", "Event", "EventDetail", "MergeValue", "PageInfo", "RateLimit"],
          ...["SealedPdf", "Signature", "Signer", "TemplateField", "TemplatePreview", "UserError", "Viewer", "Warning"],
        ],
      },
    },
  ],
};

const eslint = new ESLint({
  cwd: dirname(schema),
  overrideConfigFile: true,
  overrideConfig: {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": plugin },
    languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema } } },
    rules,
  },
});
// Events are part of their document's history and are no nodes, which Relay's specification does not ask of edges.
const lines = readFileSync(schema, "utf-8").split("\n");
const typeAt = (line) => lines.slice(0, line).findLast((text) => text.startsWith("type "));
const isEventEdge = ({ line, ruleId }) =>
  ruleId === "@graphql-eslint/relay-edge-types" && typeAt(line).startsWith("type EventEdge ");

const [{ messages: found }] = await eslint.lintFiles([schema]);
const messages = found.filter((message) => !isEventEdge(message));
for (const { line, ruleId, message } of messages) {
  console.log(`${line}: ${ruleId}: ${message}`);
}
process.exit(messages.length ? 1 : 0);
