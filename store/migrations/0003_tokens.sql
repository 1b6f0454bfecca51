CREATE TABLE tokens (
	name       TEXT PRIMARY KEY,
	data       BYTES NOT NULL,
	holder     TEXT NOT NULL,
	held_until BIGINT NOT NULL
);
