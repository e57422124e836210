// What the gateways in JavaScript share: the pool, who holds a key, and the statements.
import { createHash } from "node:crypto";
import pg from "pg";

const REMEMBER_MILLISECONDS = Number(process.env.REMEMBER_MILLISECONDS ?? 500);
const KEY = /^Bearer +(isk_[A-Za-z0-9_-]{44})$/i;

export const pool = new pg.Pool({ max: 8, min: 2, idleTimeoutMillis: 0 });

const remembered = new Map();

// The organization that holds the key of an Authorization header.
export async function organizationOf(authorization) {
  const match = KEY.exec(authorization ?? "");
  if (!match) throw new Error("UNAUTHENTICATED");
  const hash = createHash("sha256").update(match[1]).digest();
  const name = hash.toString("latin1");
  const known = remembered.get(name);
  if (known && known.until > performance.now()) return known.organizationId;
  const until = performance.now() + REMEMBER_MILLISECONDS;
  const [row] = await ask("find_key", FIND_KEY, [hash]);
  if (!row) throw new Error("UNAUTHENTICATED");
  remembered.set(name, { organizationId: row.organization_id, until });
  return row.organization_id;
}

// Rows of a statement that each connection prepares once.
export async function ask(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

const FIND_KEY = `
  SELECT api_keys.organization_id
  FROM api_keys
  JOIN organizations ON organizations.id = api_keys.organization_id
  WHERE api_keys.key_hash = $1
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > clock_timestamp())`;
