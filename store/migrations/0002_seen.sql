CREATE TABLE seen_values (
	workflow_id TEXT NOT NULL,
	scope       TEXT NOT NULL,
	value       TEXT NOT NULL,
	seen_by     TEXT NOT NULL,
	seen_at     BIGINT NOT NULL,
	PRIMARY KEY (workflow_id, scope, value)
);
CREATE INDEX seen_values_by_age ON seen_values (workflow_id, scope, seen_at);

CREATE TABLE seen_latest (
	workflow_id TEXT NOT NULL,
	scope       TEXT NOT NULL,
	value       TEXT NOT NULL,
	before      TEXT NOT NULL,
	seen_by     TEXT NOT NULL,
	PRIMARY KEY (workflow_id, scope)
);
