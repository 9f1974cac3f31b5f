#!/bin/sh
# Every manifest against the API's schemas (inside the package, no cluster asked). Needs Python; without it: said, skipped.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .data
tool=.data/kubernetes-validate-1.37.0
kubernetes=1.34
if [ ! -f "$tool/.installed" ]; then
  if ! { python3 -m venv "$tool" && "$tool/bin/pip" install -q kubernetes-validate==1.37.0 && touch "$tool/.installed"; } >"$tool.log" 2>&1; then
    echo "k8s/ is not checked: kubernetes-validate needs Python 3 with venv, and PyPI ($tool.log: $(tail -n 1 "$tool.log"))" >&2
    exit 0
  fi
fi
exec "$tool/bin/kubernetes-validate" --strict --quiet -k $kubernetes k8s/*.yaml k8s/examples/*.yaml
