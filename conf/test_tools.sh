#!/usr/bin/env bash
# What some tests run against, where it can be installed: PostgreSQL's server (the application's tables) and Chromium (the report).
# As root on Debian or Ubuntu it is installed; elsewhere the tests that need it are skipped, and say so.
set -euo pipefail
missing=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing+=(postgresql)
command -v chromedriver >/dev/null && { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; } || missing+=(chromium chromium-driver)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "sf_spark: not installed, so that the tests that need it are skipped: ${missing[*]} (sudo apt-get install ${missing[*]})"
  exit 0
fi
log=$(mktemp "${TMPDIR:-/tmp}/sf_spark-apt.XXXXXX")
echo "sf_spark: installing ${missing[*]} for the tests (running as root with apt-get)"
apt-get update -q >>"$log" 2>&1 || true
for package in "${missing[@]}"; do # one by one: Ubuntu's chromium is no package that a machine without snap can install
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >>"$log" 2>&1 ||
    echo "sf_spark: apt-get could not install $package (details: $log)"
done
