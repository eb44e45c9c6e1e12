-- Which mails left lately: asked before each mail to a carrier.
CREATE INDEX outbox_settled ON outbox (account, settled_at);
