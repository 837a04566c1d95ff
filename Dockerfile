# Two images. `service` runs every service of the roster, their migrations and the audit: the command says which.
# `gateway` is Envoy's official image with the configuration that the contracts give.

# The Python that the locks are made for and the tests run on; the Envoy of requirements.lock. A test compares them.
ARG PYTHON_VERSION=3.11.14
ARG ENVOY_VERSION=1.40.0


FROM python:${PYTHON_VERSION}-slim-trixie AS build
COPY requirements.runtime.lock /
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement /requirements.runtime.lock
WORKDIR /opt/boxoffice
COPY protos/gen protos/gen
COPY audit audit
COPY certificates certificates
COPY databases databases
COPY gateway gateway
COPY services services
COPY third_party/noto third_party/noto
COPY clients/python clients/python
COPY web web
COPY roster.py roster.toml ./
COPY docker/health.py docker/web_health.py docker/
# The image is read-only where it runs: what Python would write beside the code is written now. And whoever's files
# these were, the image's user can read them.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash . \
    && chmod -R a+rX,go-w .


FROM python:${PYTHON_VERSION}-slim-trixie AS service
COPY --from=build /opt /opt
# A place for each certificate: volumes that are mounted there for the first time become the user's.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin boxoffice \
    && for name in ca gateway operator web $(sed -n 's/^\[\(.*\)\]$/\1/p' /opt/boxoffice/roster.toml); do mkdir -p "/tls/$name"; done \
    && chown -R 10001 /tls && chmod -R 0700 /tls \
    && mkdir -m 0700 /keys && chown 10001 /keys \
    && mkdir -m 0700 /images && chown 10001 /images
WORKDIR /opt/boxoffice
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/boxoffice:/opt/boxoffice/protos/gen:/opt/boxoffice/clients/python \
    PYTHONUNBUFFERED=1
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "docker/health.py"]
CMD ["python", "-m", "services.inventory"]


FROM service AS configuration
# The gateway's settings; an empty one is the default.
ARG RATE_LIMIT_PER_SECOND
ARG TRUSTED_PROXIES
ARG CORS_ORIGINS
ARG CORS_CREDENTIALS
ARG HOLD_PACE_MILLISECONDS
ARG OTLP_ENDPOINT
RUN python -m gateway.render --host 0.0.0.0 --port 8001 --web web:16057 --admin-host 127.0.0.1 --admin-port 16081 --metrics-port 9464 \
        --auth on --tls-ca-file /tls/ca.pem --tls-cert-file /tls/cert.pem --tls-key-file /tls/key.pem \
        --descriptor /etc/boxoffice/descriptor.binpb --static-folder /etc/boxoffice/static > /tmp/envoy.yaml \
    && python -m gateway.static /tmp/static \
    && python -m certificates /tmp/tls


FROM envoyproxy/envoy:v${ENVOY_VERSION} AS gateway
COPY --chmod=0444 gateway/descriptor.binpb /etc/boxoffice/descriptor.binpb
COPY --chmod=0555 docker/gateway.sh /etc/boxoffice/gateway.sh
COPY --from=configuration /tmp/static /etc/boxoffice/static
COPY --chmod=0444 --from=configuration /tmp/envoy.yaml /etc/boxoffice/envoy.yaml
# With certificates that are thrown away: the real ones are mounted there.
RUN --mount=type=bind,from=configuration,source=/tmp/tls/gateway,target=/tls \
    envoy --mode validate --config-path /etc/boxoffice/envoy.yaml
# The services' user, whose certificates are.
USER 10001:10001
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/etc/boxoffice/gateway.sh", "health"]
ENTRYPOINT ["/etc/boxoffice/gateway.sh"]
