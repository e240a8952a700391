# As much of python:3.11-slim-bookworm as the project's Dockerfile uses.
FROM icaccess/debian:bookworm
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN ln -sf python3 /usr/bin/python
CMD ["python3"]
