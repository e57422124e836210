import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema/schema.graphql",
  documents: "src/operations/*.graphql",
  generates: {
    "src/operations/generated.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        disableDescriptions: true,
        optimizeDocumentNode: true,
        // A key with few scopes gets null for the fields that it may not read.
        avoidOptionals: false,
        scalars: { DateTime: "string", ID: "string" },
      },
    },
  },
};

export default config;
