#!/usr/bin/env bash
# Runs a job:  ./spark-submit.sh [spark-submit options] jobs/<job>.py [--env local] [--set key=value ...] [options of the job]
# Without spark-submit options the driver starts here and takes its master from the settings (a laptop). With any of them
# (--master spark://..., yarn, k8s://...) Spark's own spark-submit takes over, with the package and the Delta jars shipped along.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "spark-submit.sh: $*" >&2; exit 2; }

submit=() more_jars=
while [ $# -gt 0 ] && [[ "$1" != *.py ]]; do
  case "$1" in
    --set|--env) fail "$1 belongs behind the job: ./spark-submit.sh jobs/<job>.py $1 ..." ;;
    --supervise|--verbose|-v) submit+=("$1"); shift ;;
    --jars) [ $# -ge 2 ] || fail "--jars needs a value"; more_jars=,$2; shift 2 ;;
    --jars=*) more_jars=,${1#--jars=}; shift ;;
    --*=*) submit+=("$1"); shift ;;
    --*) [ $# -ge 2 ] || fail "$1 needs a value"; submit+=("$1" "$2"); shift 2 ;;
    *) fail "unknown job '$1': choose $(cd "$here" && ls jobs/*.py | grep -v __init__ | tr '\n' ' ')" ;;
  esac
done
[ $# -gt 0 ] || fail "name a job: $(cd "$here" && ls jobs/*.py | grep -v __init__ | tr '\n' ' ')"
job=$1; shift
[ -f "$job" ] || job=$here/$job
[ -f "$job" ] || fail "unknown job '${job#"$here"/}': choose $(cd "$here" && ls jobs/*.py | grep -v __init__ | tr '\n' ' ')"

# The driver runs in the project's own environment. PYSPARK_PYTHON is that of a cluster's workers, and the driver's where
# there is no such environment (a site that installs the packages itself).
python=$here/.venv/bin/python
[ -x "$python" ] || python=$(command -v "${PYSPARK_PYTHON:-none}" || true)
[ -n "$python" ] || fail "no Python environment at $here/.venv: run 'make setup' first"
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" PYSPARK_DRIVER_PYTHON="$python" PYTHONUNBUFFERED=1
# Spark 4 loads a Java module that Java itself still calls incubating, and Java says so at every start: nothing to act on.
exec 2> >(grep --line-buffered -v 'WARNING: Using incubator modules' >&2)

if [ ${#submit[@]} -eq 0 ] && [ -z "$more_jars" ]; then exec "$python" "$job" "$@"; fi

put_right=$("$python" -m sf_spark.environment) || exit 2
eval "$put_right"
id -un >/dev/null 2>&1 || fail "user id $(id -u) has no name, without which Spark's own spark-submit does not start:" \
  "leave the spark-submit options out (the driver runs here then), or give the id a name in /etc/passwd"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
(cd "$here" && "$python" -m zipfile -c "$work/sf_spark.zip" sf_spark jobs)
# Spark puts the shipped package before everything else, on the driver too, which needs the checkout itself: conf/ is there.
printf '#!/bin/sh\nPYTHONPATH="%s:$PYTHONPATH" exec "%s" "$@"\n' "$here" "$python" >"$work/python" && chmod +x "$work/python"
export PYSPARK_DRIVER_PYTHON="$work/python"
jars=$(ls "${DELTA_JARS:-$here/.jars}"/*.jar 2>/dev/null | paste -sd, -)
[[ "$jars" == *delta-spark* ]] || fail "no Delta jars in ${DELTA_JARS:-$here/.jars}: run 'make setup' first"
# In braces, as bash reads on in this file once the job has ended, and somebody may have changed it meanwhile.
{
code=0
"$SPARK_HOME/bin/spark-submit" --py-files "$work/sf_spark.zip" --jars "$jars$more_jars" \
  --driver-java-options "-Dlog4j2.configurationFile=file:${here// /%20}/conf/log4j2.properties" "${submit[@]}" "$job" "$@" || code=$?
exit $code
}
