// The GraphQL-over-HTTP audit (npm: graphql-http) of a running gateway: `node audit.mjs URL`.
// Prints one line of JSON for each audit that did not pass, notices too; the exit status is 0 when there is none.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const failed = results.filter(({ status }) => status !== "ok");
for (const { id, name, status, reason } of failed) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
console.error(`${results.length - failed.length} of ${results.length}`);
process.exit(failed.length || !results.length ? 1 : 0);
