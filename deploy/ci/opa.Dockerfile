# What openpolicyagent/opa gives: the program at /opa, run without privileges. The one built here needs nothing else.
FROM scratch
COPY opa /opa
USER 1000:1000
ENTRYPOINT ["/opa"]
CMD ["run"]
