#!/bin/sh
# usage: record.sh PROGRAM...; PROGRAM --normalize --out DIR FILE... writes the run data of each workflow file to DIR.
set -eu
cd "$(dirname "$0")"
"$@" --normalize --out recorded flows/*.json
