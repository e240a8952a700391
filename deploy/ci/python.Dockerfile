# As much of python:3.11-slim-bookworm as the project's Dockerfile uses.
FROM icaccess/debian:bookworm
RUN ln -sf python3 /usr/bin/python
CMD ["python3"]
