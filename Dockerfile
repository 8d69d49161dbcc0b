# The service in a container. Build:  docker build -t moviegenre .
# Run:  docker run --rm -p 127.0.0.1:8000:8000 moviegenre
# which serves the model in the box; for another:  ... -v ./exported:/model:ro moviegenre --model /model
# It answers under the names of this machine only. Before others reach the port, read SECURITY.md.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml requirements-build.lock requirements-serve.lock README.md LICENSE ./
COPY src ./src
# What is locked comes with its hashes. Answering needs no PyTorch.
RUN python -m venv /opt/moviegenre \
    && /opt/moviegenre/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: \
       -r requirements-serve.lock \
    && pip install --no-cache-dir --require-hashes --no-deps -r requirements-build.lock \
    && pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheel . \
    && /opt/moviegenre/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home moviegenre
COPY --from=build /opt/moviegenre /opt/moviegenre
ENV PATH=/opt/moviegenre/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Within the container it listens to all; under which names, and with which keys, is said behind this.
ENTRYPOINT ["moviegenre", "serve", "--host", "0.0.0.0", "--allow-host", "localhost"]
