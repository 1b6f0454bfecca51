#!/usr/bin/env bash
# usage: bench/webhook.sh [SECONDS]: webhook → Set → answer, durable, through bin/cordboard serve (make build) and wrk
# (apt-get install wrk), at 10 and 100 connections. DATABASE=postgres://… measures PostgreSQL instead of SQLite.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
dir=$(mktemp -d)
trap 'kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; rm -rf "$dir"' EXIT
began=$(date +%s%N)
bin/cordboard serve bench/webhook.json --data-dir "$dir" --listen 127.0.0.1:5699 ${DATABASE:+--database "$DATABASE"} 2>"$dir/log" & pid=$!
until curl -sf -o /dev/null "http://127.0.0.1:5699/webhook/bench?name=warm"; do kill -0 $pid; done
echo "ready (first webhook answered) after $((($(date +%s%N) - began) / 1000000)) ms"
echo "idle memory: $(awk '/^VmRSS/{print int($2/1024)}' /proc/$pid/status) MB"
for c in 10 100; do
  wrk -t1 -c$c -d"${seconds}s" --latency "http://127.0.0.1:5699/webhook/bench?name=Ann" |
    awk -v c=$c '/Requests\/sec/{r=$2} /50%/{a=$2} /99%/{b=$2} /Non-2xx/{n=$0} END{print c" connections: "r" requests/s, p50 "a", p99 "b" "n}'
done
echo "memory after load: $(awk '/^VmRSS/{print int($2/1024)}' /proc/$pid/status) MB, peak $(awk '/^VmHWM/{print int($2/1024)}' /proc/$pid/status) MB"
