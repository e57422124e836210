// Composition as Apollo's routers do it: `node compose.mjs SUBGRAPH…` composes files of SDL.
// Prints the schema that a router shows; or each error, with exit status 1.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { composeServices } from "@apollo/composition";
import { Supergraph } from "@apollo/federation-internals";
import { parse, printSchema } from "graphql";

const services = process.argv.slice(2).map((path) => ({
  name: basename(path, ".graphql"),
  url: "http://subgraph.example",
  typeDefs: parse(readFileSync(path, "utf8")),
}));
const { errors, supergraphSdl } = composeServices(services);
if (errors) {
  console.log(errors.map(({ message }) => message).join("\n"));
  process.exit(1);
}
console.log(printSchema(Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema()));
