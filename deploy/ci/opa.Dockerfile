# What openpolicyagent/opa:*-static is: the static program and nothing else, run without privileges.
FROM scratch
COPY opa /opa
USER 1000:1000
ENTRYPOINT ["/opa"]
CMD ["run"]
