import "graphiql/setup-workers/esm.sh";
import "./explorer.js";
