-- What every gateway asks for several times a second: which keys became invalid lately.
CREATE INDEX api_keys_invalid_since_idx ON api_keys (least(revoked_at, expires_at));
