// PostGraphile 5 with the Amber preset on node:http. The tenant comes in as context, tenant.js puts it into the plans:
// row-level security would cost each statement a transaction with its settings, three round trips.
import { createServer } from "node:http";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { organizationOf, pool } from "./database.js";
import { OneAndCreate, WithinTheTenant } from "./tenant.js";

const served = postgraphile({
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  plugins: [OneAndCreate, WithinTheTenant],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  schema: { defaultBehavior: "-resource:insert -resource:update -resource:delete" },
  gather: { installWatchFixtures: false },
  grafast: {
    explain: false,
    context: async ({ node }) => ({ organizationId: await organizationOf(node.req.headers.authorization) }),
  },
  // Results go from PostgreSQL's JSON to the response without an object in between.
  grafserv: { outputDataAsString: true, watch: false, graphiql: false, websockets: false, maxRequestLength: 10 << 20 },
});

const server = createServer();
await served.createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
