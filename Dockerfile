# icaccess: the commands and the service, without privileges.
#
#   docker build --tag icaccess .

# Base images by digest: docker build --build-arg PYTHON=…@sha256:… --build-arg OPA=…@sha256:… (docs/security.md)
ARG OPA=openpolicyagent/opa:1.22.4
ARG PYTHON=python:3.11-slim-bookworm

FROM ${OPA} AS opa

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
# Everything by its hash; what only the build needs stays in this stage.
RUN python -m venv /opt/icaccess \
 && /opt/icaccess/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md ./
COPY policy policy
COPY config config
COPY examples examples
COPY docs docs
COPY pyclient/icaccess pyclient/icaccess
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /dist \
 && /opt/icaccess/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
 && /opt/build/bin/python -m pip --python /opt/icaccess/bin/python uninstall --yes setuptools pip

FROM ${PYTHON}
# What the commands and OPA beside them are set up with; a district has its own config/ in its checkout.
COPY config /etc/icaccess
# `icaccess policy bundle` builds with it; the service itself asks the sidecar.
COPY --from=opa /opa /usr/local/bin/opa
COPY --from=build /opt/icaccess /opt/icaccess
# Nothing is installed into this image, so nothing that could is left in it.
RUN cd /usr/local/lib/python3.11 2>/dev/null \
 && rm -rf ensurepip site-packages/pip* site-packages/setuptools* site-packages/wheel* /usr/local/bin/pip* || true
RUN mkdir -p /secrets/opa /secrets/client /secrets/signing /secrets/database /bundles /witness \
    /var/lib/icaccess \
 && chown -R 10001:10001 /secrets /bundles /witness /var/lib/icaccess \
 && chmod -R go= /secrets
ENV PATH=/opt/icaccess/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp/cache
WORKDIR /var/lib/icaccess
USER 10001:10001
EXPOSE 9464
ENTRYPOINT ["icaccess"]
CMD ["--help"]
