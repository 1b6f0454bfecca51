DROP SCHEMA IF EXISTS public CASCADE;
DROP SCHEMA IF EXISTS other CASCADE;
CREATE SCHEMA public;
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE kinds (
  id int PRIMARY KEY, num numeric, big bigint, small smallint, re real, dbl double precision, ok boolean, txt text, fix char(5), js json, jb jsonb,
  ints int[], texts text[], nums numeric[], ts timestamp, tz timestamptz, dt date, tm time, iv interval, uid uuid, raw bytea, ip inet, m mood, pt point, mon money
);
INSERT INTO kinds VALUES
  (1, 12.50, 9007199254740993, 7, 1.5, 0.1, true, 'text', 'ab', '{"b":1,"a":[1,2]}', '{"b":1,"a":[1,2]}', '{1,2}', '{"a,b",NULL}', '{1.50,2}', '2024-01-02 03:04:05.678', '2024-01-02 03:04:05.678+02',
   '2024-01-02', '03:04:05', '1 day 02:03:04.5', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\xdeadbeef', '10.0.0.1', 'happy', '(1,2.5)', 1234.5),
  (2, 'NaN', -1, 0, 'Infinity', 'NaN', false, '', '', 'null', '"t"', '{}', NULL, '{}', 'infinity', '1969-12-31 23:59:59+00', '0044-03-15', '24:00:00', '-1 year 3 mons', NULL, '', NULL, NULL, NULL, NULL),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, age int, email text UNIQUE, data jsonb, tags text[], born timestamp);
INSERT INTO people (name, age, email, data) VALUES ('Ann', 30, 'ann@example.com', '{"x":1}'), ('Bob', 25, 'bob@example.com', NULL), ('Cid', NULL, NULL, '[1]');
CREATE TABLE other.things ("Key" text PRIMARY KEY, "we""ird; col" text, n bigint);
INSERT INTO other.things VALUES ('k1', 'w1', 10), ('k2', 'w2', 20);
CREATE TABLE nothing (id int, v text);
