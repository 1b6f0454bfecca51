CREATE TABLE workflows (
	id          TEXT PRIMARY KEY,
	name        TEXT NOT NULL,
	active      INTEGER NOT NULL DEFAULT 0,
	version_id  TEXT NOT NULL,
	source      TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	updated_at  BIGINT NOT NULL
);

CREATE TABLE workflow_versions (
	workflow_id TEXT NOT NULL,
	version_id  TEXT NOT NULL,
	json        TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (workflow_id, version_id)
);

CREATE TABLE static_data (
	workflow_id TEXT PRIMARY KEY,
	json        TEXT NOT NULL
);

CREATE TABLE executions (
	id          SERIAL_ID,
	workflow_id TEXT NOT NULL,
	version_id  TEXT NOT NULL,
	mode        TEXT NOT NULL,
	status      TEXT NOT NULL,
	start_node  TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	started_at  BIGINT NOT NULL DEFAULT 0,
	stopped_at  BIGINT NOT NULL DEFAULT 0,
	wait_till   BIGINT NOT NULL DEFAULT 0,
	owner       TEXT NOT NULL DEFAULT '',
	attempt     INTEGER NOT NULL DEFAULT 0,
	retry_of    BIGINT NOT NULL DEFAULT 0,
	retry_success BIGINT NOT NULL DEFAULT 0,
	request_key TEXT,
	binary_dir  TEXT NOT NULL DEFAULT '',
	front       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX executions_by_workflow ON executions (workflow_id, id);
CREATE INDEX executions_open ON executions (status, owner) WHERE stopped_at = 0;
CREATE INDEX executions_by_stop ON executions (stopped_at) WHERE stopped_at > 0;
CREATE UNIQUE INDEX executions_by_key ON executions (workflow_id, start_node, request_key) WHERE request_key IS NOT NULL;

CREATE TABLE journal (
	execution_id BIGINT NOT NULL,
	seq          INTEGER NOT NULL,
	data         BYTES NOT NULL,
	PRIMARY KEY (execution_id, seq)
) WITHOUT_ROWID;

CREATE TABLE servers (
	id      TEXT PRIMARY KEY,
	seen_at BIGINT NOT NULL
);

CREATE TABLE leases (
	name   TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	until  BIGINT NOT NULL
);

CREATE TABLE credentials (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	type       TEXT NOT NULL,
	data       BYTES NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);


CREATE TABLE api_keys (
	id         TEXT PRIMARY KEY,
	label      TEXT NOT NULL,
	hash       BYTES NOT NULL UNIQUE,
	scopes     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE tags (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE workflow_tags (
	workflow_id TEXT NOT NULL,
	tag_id      TEXT NOT NULL,
	PRIMARY KEY (workflow_id, tag_id)
);
CREATE INDEX workflow_tags_by_tag ON workflow_tags (tag_id);
