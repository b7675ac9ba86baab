# The README's commands. `make help` lists them.
SHELL := /bin/bash
PYTHON_ENV := .venv/bin/python
DEMO := demo
SETTINGS := --env local --set landing=$(DEMO)/landing --set lake=$(DEMO)/lake --set truth=$(DEMO)/truth

# The demo has to be quick; all methods are compared with: make demo DEMO_MODELS=rule_2016,logistic_regression,random_forest,gradient_boosting,hazard
DEMO_MODELS ?= rule_2016,gradient_boosting

.PHONY: help setup demo lock picture test test-long test-remote audit monitor quarantine fuzz report ui cluster-demo bench bench-model check clean
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup:  ## the virtual environment, the packages, the Delta jars (done by the others when needed)
	@conf/setup.sh

demo: setup  ## the whole flow on generated deliveries, in ./demo
	@./spark-submit.sh jobs/pipeline.py $(SETTINGS) --set "train.models=$(DEMO_MODELS)" --generate

test: setup  ## the test suite
	@conf/test_tools.sh
	@$(PYTHON_ENV) -m pytest -n 2 --dist loadfile --durations 10

test-long: setup  ## the tests that take many minutes: a year of deliveries in every order, killed and run again
	@$(PYTHON_ENV) -m pytest -m long

audit: setup  ## rebuilds 12 months of the demo from what was known then, and compares every cell (MONTHS=12)
	@./spark-submit.sh jobs/audit.py $(SETTINGS) --months $(or $(MONTHS),12)

monitor: setup  ## drift, coverage, freshness, what past lists found, on the demo
	@./spark-submit.sh jobs/monitor.py $(SETTINGS)

quarantine: setup  ## the rejected lines of the demo, by source and reason
	@./spark-submit.sh jobs/quarantine.py $(SETTINGS)

fuzz: setup  ## damages files of every source and checks what ingest makes of them (MUTATIONS=10000 SEED=1; ROUND=3 alone)
	@$(PYTHON_ENV) -m tests.fuzz.campaign $(or $(MUTATIONS),10000) $(or $(SEED),1) $(ROUND)

report: setup  ## the demo's report for a service (SERVICE=national), a folder of pages: demo/report
	@./spark-submit.sh jobs/report.py $(SETTINGS) --service $(or $(SERVICE),national) --to $(DEMO)/report

ui: setup  ## the MLflow UI on the demo's runs, http://127.0.0.1:5000
	@$(PYTHON_ENV) -m sf_spark.ml.moved $(DEMO)/mlflow.db
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(PYTHON_ENV) -m mlflow ui --backend-store-uri 'sqlite:///$(CURDIR)/$(DEMO)/mlflow.db' --host 127.0.0.1 --port 5000

test-remote: setup  ## the flow where nothing is shared but a store: S3 (moto), PostgreSQL, a cluster; needs PostgreSQL's server
	@$(PYTHON_ENV) -m pip install --quiet --disable-pip-version-check -e '.[remote]'
	@$(PYTHON_ENV) -m tests.cluster.remote

cluster-demo: setup  ## the same jobs on a Spark cluster of one master and two workers on this machine
	@$(PYTHON_ENV) -m tests.cluster.demo

bench: setup  ## the benchmarks (more than an hour); each writes its own results into benchmarks/
	@for name in first_delivery ingest signals panel serve; do $(PYTHON_ENV) -m benchmarks.$$name || exit 1; done

MODEL_BENCH := --env local --set landing=bench-model/landing lake=bench-model/lake truth=bench-model/truth \
  generate.entreprises=20000 generate.annees=9 generate.monthly_deliveries=0 generate.failure_rate=0.02

bench-model: setup  ## models judged on 20 000 generated companies, 2 % of which fail in a year (some hours)
	@for job in generate ingest build_panel build_signals build_labels; do ./spark-submit.sh jobs/$$job.py $(MODEL_BENCH) || exit 1; done
	@$(PYTHON_ENV) -m benchmarks.model study $(wordlist 3,99,$(MODEL_BENCH)) && $(PYTHON_ENV) -m benchmarks.model scoring

check: setup  ## style, types, direction of imports
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

picture: setup  ## docs/rooms.md and docs/tables.md: the flow, the rooms and the columns, from the code
	@$(PYTHON_ENV) -m docs.draw && $(PYTHON_ENV) -m docs.tables

lock: setup  ## requirements.lock again, after a change of setup.cfg (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" setup.cfg --output-file requirements.lock

clean:  ## removes what the demo and the tools wrote, keeps the environment
	rm -rf $(DEMO) build .pytest_cache .mypy_cache .ruff_cache spark-warehouse
