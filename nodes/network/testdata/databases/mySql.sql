DROP DATABASE IF EXISTS test;
CREATE DATABASE test CHARACTER SET utf8mb4;
USE test;
CREATE TABLE kinds (
  id int PRIMARY KEY, num decimal(10,2), big bigint, ubig bigint unsigned, tiny tinyint(1), bits bit(10), fl float, dbl double, txt text, fix char(5), js json,
  dt date, dtm datetime(3), ts timestamp NULL, tm time, yr year, raw blob, en enum('x','y'), st set('a','b')
);
INSERT INTO kinds VALUES
  (1, 12.50, 9007199254740993, 18446744073709551615, 1, b'1010101010', 1.5, 0.1, 'text', 'ab', '{"b":1,"a":[1,2]}', '2024-01-02', '2024-01-02 03:04:05.678', '2024-01-02 03:04:05', '-03:04:05', 2024, x'deadbeef', 'y', 'a,b'),
  (2, -1, -1, 0, 0, b'0', 0, 0, '', '', 'null', '1000-01-01', '9999-12-31 23:59:59', '2000-01-01 00:00:01', '100:00:00', 1999, '', 'x', ''),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE people (id int AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL, age int, email varchar(100) UNIQUE, data json);
INSERT INTO people (name, age, email, data) VALUES ('Ann', 30, 'ann@example.com', '{"x":1}'), ('Bob', 25, 'bob@example.com', NULL), ('Cid', NULL, NULL, '[1]');
CREATE TABLE `we``ird; t` (`a b` varchar(10), n bigint);
INSERT INTO `we``ird; t` VALUES ('w1', 10);
CREATE TABLE nothing (id int, v text);
