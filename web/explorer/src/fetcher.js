import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";

/**
 * Send queries and mutations by POST, and subscriptions over a WebSocket to the same address, which takes the
 * headers as its connectionParams. Those are looked up by their exact name, so names are made lower case.
 */
export function createFetcher(endpoint) {
  const url = new URL(endpoint, window.location.origin);
  const fetcher = createGraphiQLFetcher({
    url: url.href,
    subscriptionUrl: url.href.replace(/^http/, "ws"),
    enableIncrementalDelivery: false,
  });
  return (parameters, options) => {
    const headers = lowerCaseNames(options?.headers);
    return fetcher(...withCurrentOperation(parameters, { ...options, headers }));
  };
}

function lowerCaseNames(headers = {}) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/**
 * GraphiQL looks at what is in the editor a tenth of a second late. Who changes the tab and runs it sooner would
 * send the operation name of the tab before, so what the text itself says goes first.
 */
function withCurrentOperation(parameters, options) {
  const documentAST = parsed(parameters.query);
  if (!documentAST) return [parameters, options];
  const names = operationNames(documentAST);
  const operationName = names.includes(parameters.operationName) ? parameters.operationName : names[0];
  return [{ ...parameters, operationName }, { ...options, documentAST }];
}

function operationNames(document) {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operations.map((operation) => operation.name?.value);
}

function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // The server says what is wrong with it, and where.
  }
}
