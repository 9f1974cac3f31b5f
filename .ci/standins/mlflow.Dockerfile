ARG BASE
FROM $BASE
ARG VERSION
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/mlflow \
 && PIP_CERT=/etc/ssl/certs/ca-certificates.crt /opt/mlflow/bin/pip install -q --no-cache-dir "mlflow==$VERSION" "sqlalchemy<2.1"
ENV PATH=/opt/mlflow/bin:$PATH
EXPOSE 5000
ENTRYPOINT []
CMD ["bash"]
