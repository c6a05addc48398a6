# The command in an image: docker build -t canary-audit .
# Pin what you build on by its digest: --build-arg BASE=python:3.14-slim-trixie@sha256:...
ARG BASE=python:3.14.0-slim-trixie

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml requirements-dev.txt template.yaml LICENSE *.md ./
COPY cli cli
COPY docs docs
COPY events events
COPY functions functions
COPY layers layers
# Every dependency in the version that the tests run with.
RUN sed -n 's/^\([a-z0-9-]*==[^ ;]*\).*/\1/p' requirements-dev.txt > constraints.txt \
    && python -m venv /opt/canary-audit \
    && /opt/canary-audit/bin/python -m pip install --no-cache-dir --constraint constraints.txt .

FROM ${BASE}
# `canary-audit init` builds the layer with make.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 canary
COPY --from=build /opt/canary-audit /opt/canary-audit
USER 10001
WORKDIR /home/canary
ENTRYPOINT ["/opt/canary-audit/bin/canary-audit"]
CMD ["--help"]
