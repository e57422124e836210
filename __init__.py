"""Bulksend: a GraphQL gateway over bulk e-signature sending."""
