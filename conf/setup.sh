#!/usr/bin/env bash
# Set-up by itself: Python, Java, the virtual environment, the package, the Delta jars. Safe to run again: does only what is missing.
#   PYTHON      a Python 3.11+ to use instead of the first one found
#   DELTA_JARS  a folder that holds the two Delta jars, for sites without internet
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "sf_spark: $*" >&2; exit 2; }
version_of() { # the first line that a command says of itself; "none" where it is not there, or does not run
  local said=; ! command -v "$1" >/dev/null || said=$("$@" 2>&1) || said=
  head -n 1 <<<"${said:-none}"
}
can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt_install() {
  echo "sf_spark: installing $* (running as root with apt-get)"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } >/tmp/sf_spark-apt.log 2>&1 ||
    fail "apt-get could not install $* (details: /tmp/sf_spark-apt.log)"
}

find_python() {
  for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$candidate"; return; }
  done
  return 1
}
python=$(find_python) || fail "Python 3.11 or newer is needed, found: $(version_of ${PYTHON:-python3} --version). Install it with: apt-get install python3 python3-venv (Debian 12+/Ubuntu 24.04+), dnf install python3.11 (Fedora), brew install python@3.11 (macOS); or name one with PYTHON=/path/to/python3.11"

java_version() { # major version of a java command, 0 where it does not run
  local line; line=$("$1" -version 2>&1 | grep -oE 'version "[0-9]+' | grep -oE '[0-9]+' | head -n 1) || true
  echo "${line:-0}"
}
find_java() {
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)"; do
    [ -n "$candidate" ] && [ "$(java_version "$candidate")" -ge 17 ] && return 0
  done
  return 1
}
if ! find_java; then
  if can_apt; then apt_install openjdk-17-jre-headless || apt_install default-jre-headless; hash -r; fi
  find_java || fail "Java 17 or newer is needed, found: $(version_of java -version). Install it with: sudo apt-get install openjdk-17-jre-headless (Debian/Ubuntu), sudo dnf install java-17-openjdk-headless (Fedora), brew install openjdk@17 (macOS); or set JAVA_HOME"
fi

if [ ! -x .venv/bin/python ]; then
  "$python" -c 'import ensurepip' 2>/dev/null || { can_apt && apt_install python3-venv; } ||
    fail "Python's venv module is missing. Install it with: sudo apt-get install python3-venv (Debian/Ubuntu)"
  echo "sf_spark: creating the virtual environment (.venv) with $("$python" --version)"
  "$python" -m venv .venv.part && rm -rf .venv.part && "$python" -m venv .venv
fi

# The versions are those of requirements.lock. uv installs them in seconds where pip takes minutes; where uv neither is nor can
# be had, or cannot reach what pip reaches, pip does it.
uv_command() {
  if uv --version >/dev/null 2>&1; then echo uv; return; fi
  [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv >>"$log" 2>&1 || return 1
  echo .venv/bin/uv
}
pip_setting() { .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true; }
install_with_uv() { # uv reads none of pip's settings
  local uv index cert links; uv=$(uv_command) || return 1
  index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(pip_setting index-url)}}}
  cert=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
  links=${UV_FIND_LINKS:-$(tr ' ' ',' <<<"${PIP_FIND_LINKS:-$(pip_setting find-links)}")}
  env ${index:+UV_DEFAULT_INDEX="$index"} ${cert:+SSL_CERT_FILE="$cert"} ${links:+UV_FIND_LINKS="$links"} \
    "$uv" pip install --quiet --python .venv/bin/python "$@" >>"$log" 2>&1
}
install_with_pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile "$@" >>"$log" 2>&1; }

wanted=$(cat setup.cfg requirements.lock | cksum)
if [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ]; then
  echo "sf_spark: installing the packages (seconds with uv's cache, else about 2 minutes the first time)"
  log=$(mktemp "${TMPDIR:-/tmp}/sf_spark-install.XXXXXX")
  install_with_uv --constraints requirements.lock -e '.[dev]' || install_with_pip --constraint requirements.lock -e '.[dev]' ||
    fail "neither uv nor pip could install the packages: $(grep -i error "$log" | tail -n 1 || tail -n 1 "$log") (details: $log)"
  rm -f "$log"; echo "$wanted" >.venv/.installed
fi

kernels=$(cat sf_spark/landing/*.py | cksum)
if [ "$(cat .venv/.kernels 2>/dev/null)" != "$kernels" ]; then
  echo "sf_spark: compiling the kernels that read partner files (once)"
  .venv/bin/python -m sf_spark.landing.compiling && echo "$kernels" >.venv/.kernels
fi

if [ -n "${DELTA_JARS:-}" ]; then
  mkdir -p .jars && cp "$DELTA_JARS"/*delta-spark*.jar "$DELTA_JARS"/*delta-storage*.jar .jars/ 2>/dev/null ||
    fail "DELTA_JARS=$DELTA_JARS must hold delta-spark_*.jar and delta-storage-*.jar, found: $(ls "$DELTA_JARS" 2>/dev/null | tr '\n' ' ' || echo 'no such folder')"
fi
if ! ls .jars/*delta-spark*.jar .jars/*delta-storage*.jar >/dev/null 2>&1; then echo "sf_spark: resolving the Delta jars (once)"; fi
.venv/bin/python conf/resolve_jars.py .jars
