# As much of postgres:17 as the store uses: its variables, its entry point's name, its data folder.
FROM icaccess/debian:bookworm
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
RUN rm -rf /var/lib/postgresql/* && mkdir -p "$PGDATA" && chown -R postgres:postgres /var/lib/postgresql
COPY postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["/bin/sh", "/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres"]
