# The image of the site and of its workers, for a platform with a read-only root and only /tmp writable.
#   site:       the default command, port 8080; probes /isalive and /isready, counters /metrics
#   worker:     NAVTRIAL_WORKER=1 celery --app trial.config.celery worker --queues notices,analyses,deliveries
#   migrations: python manage.py migrate
# What differs between places comes from the environment: see trial/config/settings.py; `python manage.py check --deploy`
# says what is missing. DATABASE_URL comes by itself when the manifest's database has `envVarPrefix: DATABASE`.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.txt
COPY . .
# The look, the English texts and the static files are part of the image: nothing is fetched or written at run time.
RUN /venv/bin/python manage.py assets \
 && /venv/bin/python manage.py collectstatic --no-input \
 && rm -rf node_modules

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
USER 1069:1069
EXPOSE 8080
# More copies rather than more workers: the smallest database takes 25 connections, one for each thread.
CMD ["gunicorn", "trial.config.wsgi", "--bind", "0.0.0.0:8080", "--workers", "2", "--threads", "2", \
     "--worker-tmp-dir", "/tmp", "--no-control-socket", "--max-requests", "2000", "--max-requests-jitter", "200"]
