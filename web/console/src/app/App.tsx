import { ApolloProvider } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { Router } from "wouter";

import { type Connection, connect } from "../graphql/client";
import { session } from "../session";
import type { Settings } from "../settings";
import { useStore } from "../store";
import { Frame } from "./Frame";
import { Messages } from "./Messages";
import { Pages } from "./Pages";
import { SignIn } from "./SignIn";

export function App({ settings }: { settings: Settings }) {
  const { key, refused } = useStore(session);
  const connection = useConnection(settings.endpoint, key);
  if (key === null) return <SignIn wasRefused={refused} />;
  if (connection === null) return null;
  return (
    <ApolloProvider client={connection.client}>
      <Router base="/console">
        <Frame settings={settings}>
          <Pages />
        </Frame>
        <Messages />
      </Router>
    </ApolloProvider>
  );
}

/** A client for the key, closed when the key changes. */
function useConnection(endpoint: string, key: string | null): Connection | null {
  const [connection, setConnection] = useState<Connection | null>(null);
  useEffect(() => {
    if (key === null) return undefined;
    const opened = connect(endpoint, key);
    setConnection(opened);
    return () => {
      setConnection(null);
      opened.close();
    };
  }, [endpoint, key]);
  return connection;
}
