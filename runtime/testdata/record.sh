#!/bin/sh
# usage: record.sh PROGRAM...; PROGRAM --workflows DIR --normalize --out DIR FILE... writes the run data of each workflow file to the
# second DIR; the first has the workflows that others call.
set -eu
cd "$(dirname "$0")"
"$@" --workflows children --normalize --out recorded flows/*.json
